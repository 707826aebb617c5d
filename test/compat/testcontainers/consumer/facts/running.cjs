// What a running container tells, and how it ends.
const { AbstractStartedContainer, getContainerRuntimeClient, ImageName, Network, Wait } = require(process.env.LIB);
const { GenericContainer } = require(process.env.LIB);
const { fact, named, report, seenIn, shell, sleeper } = require("./facts.cjs");

const talker = () => shell("echo one; echo three; exec sleep 1000").withWaitStrategy(Wait.forLogMessage("three"));

/** Its text up to a word; and how its chunks come. */
function textTo(stream, word) {
  return new Promise((resolve) => {
    let [text, kinds] = ["", new Set()];
    stream.on("data", (chunk) => {
      text += chunk;
      kinds.add(typeof chunk);
      if (!text.includes(word)) return;
      stream.destroy();
      resolve([text, ...kinds]);
    });
    stream.on("end", () => resolve([text, "to its end"]));
  });
}

const commands = {
  "of words": ["echo a  b "],
  "of a list": [["printf", "[%s]", "a b", "", "c"]],
  "that fails": [["sh", "-c", "echo o; exit 3"]],
  "that is missing": [["nope"]],
  "that is no program": [["/etc/passwd"]],
  "with all options": [
    ["sh", "-c", "echo $A$B; pwd; id -u; id -g"],
    { env: { A: "1", B: "2" }, workingDir: "/tmp", user: "5:6" },
  ],
  "of an unknown user": [["id"], { user: "nobody-there" }],
};

async function told() {
  await seenIn(sleeper().withName(named("told")).withHostname("hn").withLabels({ a: "b" }), async (container) => {
    await fact("told", () => [
      container.getName().replace(process.env.WHO, ""),
      container.getHostname(),
      container.getHost(),
      container.getId().length,
      container.getNetworkNames(),
      container.getNetworkId("bridge").length,
      Object.keys(container.getLabels()).sort(),
    ]);
    await fact("no mapped port", () => container.getMappedPort(99));
    await fact("no first mapped port", () => container.getFirstMappedPort());
    for (const [name, command] of Object.entries(commands)) {
      await fact(`command ${name}`, () => container.exec(...command));
    }
  });
  await fact("a port of UDP", () =>
    seenIn(sleeper().withExposedPorts("53/udp"), (container) =>
      [[53, "udp"], [53, "UDP"], ["53/udp"]].map(
        (port) => container.getMappedPort(...port) === container.getFirstMappedPort(),
      ),
    ),
  );
  await fact("labels without cleanup", () =>
    seenIn(sleeper().withAutoCleanup(false).withLabels({ "org.testcontainers.lang": "mine" }), (container) => {
      const { "org.testcontainers.version": _, ...labels } = container.getLabels();
      return labels;
    }),
  );
}

async function logs() {
  let consumed = "";
  const consume = (stream) => stream.on("data", (chunk) => (consumed += chunk));
  const { container: client } = await getContainerRuntimeClient();
  await seenIn(talker().withLogConsumer(consume), async (container) => {
    await fact("log", async () => textTo(await container.logs(), "three"));
    await fact("log, the last line", async () => textTo(await container.logs({ tail: 1 }), "three"));
    await fact("log, all lines", async () => textTo(await container.logs({ tail: -1 }), "three"));
    await fact("log since a time", async () => {
      const text = textTo(await container.logs({ since: Date.now() / 1000 + 60 }), "three");
      await container.stop({ remove: false });
      return text;
    });
    await client.getById(container.getId()).remove();
  });
  await fact("log consumed", () => consumed);
  await fact("log of what has ended", () =>
    seenIn(shell("echo hi").withWaitStrategy(Wait.forOneShotStartup()), async (once) =>
      textTo(await once.logs(), "never"),
    ),
  );
}

async function ends() {
  const { container: client, image } = await getContainerRuntimeClient();
  const stateOf = (id) =>
    client
      .getById(id)
      .inspect()
      .then(
        ({ State }) => State.Status,
        (error) => error.statusCode,
      );
  await fact("stops at once", () =>
    seenIn(sleeper(), async (container) => {
      const results = await Promise.all([container.stop(), container.stop({ remove: false }), container.stop()]);
      return [new Set(results).size, await stateOf(container.getId())];
    }),
  );
  await fact("disposed", () =>
    seenIn(sleeper(), async (container) => {
      await container[Symbol.asyncDispose]();
      return stateOf(container.getId());
    }),
  );
  await seenIn(sleeper().withAutoRemove(false), async (container) => {
    await container.stop();
    await fact("kept", () => stateOf(container.getId()));
    await fact("a command in what has ended", () => container.exec(["true"]));
    await client.getById(container.getId()).remove();
  });
  await fact("stop of what is gone", () =>
    seenIn(sleeper(), async (container) => {
      await client.getById(container.getId()).remove({ force: true });
      await container.stop();
    }),
  );
  await fact("hooks of a stop", async () => {
    const calls = [];
    class Hooked extends AbstractStartedContainer {
      async containerStopping() {
        calls.push("stopping");
      }

      async containerStopped() {
        calls.push("stopped");
      }
    }
    const hooked = new Hooked(await sleeper().start());
    await hooked.stop();
    await hooked.stop();
    return calls;
  });
  await fact("restarted", () =>
    seenIn(
      shell("echo x >> /f; echo ready; exec sleep 1000").withWaitStrategy(Wait.forLogMessage("ready")),
      async (container) => {
        const told = [container.getId(), container.getName()];
        await container.restart();
        return [told.join() === [container.getId(), container.getName()].join(), await container.exec(["cat", "/f"])];
      },
    ),
  );
  await fact("restarted in vain", () => {
    const request = shell("test -e /f && exec sleep 1000; touch /f; echo ready; exec sleep 1000");
    const limited = request.withWaitStrategy(Wait.forLogMessage("ready")).withStartupTimeout(1000);
    return seenIn(limited, async (container) => container.restart());
  });
  await fact("committed", () =>
    seenIn(sleeper(), async (container) => {
      await container.exec(["sh", "-c", "echo committed > /x"]);
      const about = { repo: named("committed"), tag: "1", author: "me", comment: "why", changes: ["ENV A=b"] };
      const id = await container.commit(about);
      const { Author, Comment, Config } = await image.inspect(ImageName.fromString(`${about.repo}:1`));
      const started = new GenericContainer(id).withCommand(["sleep", "1000"]);
      const seen = await seenIn(started, (copy) => copy.exec(["sh", "-c", "cat /x; echo $A"]));
      return [Author, Comment, Object.keys(Config.Labels).sort(), /^sha256:/.test(id), seen];
    }),
  );
  await fact("committed to stay", () =>
    seenIn(sleeper(), async (container) => {
      const repo = named("stays");
      await container.commit({ repo, tag: "1", deleteOnExit: false });
      const { Config } = await image.inspect(ImageName.fromString(`${repo}:1`));
      await client.dockerode.getImage(`${repo}:1`).remove();
      return Config.Labels["org.testcontainers.session-id"];
    }),
  );
}

async function networks() {
  const network = await new Network({ nextUuid: () => named("net") }).start();
  const exits = async (from, to) => (await from.exec(["ping", "-c", "1", "-W", "2", to])).exitCode;
  await fact("a network's name taken", () => new Network({ nextUuid: () => named("net") }).start().then(() => {}));
  await seenIn(sleeper().withNetwork(network), (one) =>
    seenIn(sleeper().withNetwork(network).withNetworkAliases("bee", "bb"), (two) =>
      fact("networks", async () => [
        network.getName().replace(process.env.WHO, ""),
        [one, two].map((container) => container.getNetworkNames().map((name) => name.replace(process.env.WHO, ""))),
        one.getNetworkId(network.getName()) === network.getId(),
        [await exits(one, "bee"), await exits(one, "bb"), await exits(two, one.getHostname())],
        await exits(two, one.getName().slice(1)),
        await network.stop().catch(({ message }) => /active endpoints/.test(message)),
      ]),
    ),
  );
  await fact("a network's end", async () => (await network.stop()).constructor.name);
  for (const mode of ["host", "none"]) {
    await fact(`network mode ${mode}`, () =>
      seenIn(sleeper().withNetworkMode(mode), (container) => container.getNetworkNames()),
    );
  }
  await fact("aliases without a network", () =>
    seenIn(sleeper().withNetworkAliases("x"), (container) => container.getNetworkNames()),
  );
}

async function reuse() {
  const start = () => sleeper().withName(named("reused")).withReuse().start();
  await fact("reused", async () => {
    const [first, second] = await Promise.all([start(), start()]);
    const clash = await sleeper()
      .withName(named("reused"))
      .start()
      .catch(({ message }) => /is already in use/.test(message));
    await first.stop({ remove: false });
    const again = await start();
    await again.stop();
    const other = await start();
    await other.stop();
    const ids = [first, second, again, other].map((container) => container.getId());
    return [clash, ids.map((id) => ids.indexOf(id))];
  });
  process.env.TESTCONTAINERS_REUSE_ENABLE = "false";
  await fact("reuse switched off", async () => {
    const containers = [await sleeper().withReuse().start(), await sleeper().withReuse().start()];
    for (const container of containers) await container.stop();
    return new Set(containers.map((container) => container.getId())).size;
  });
  delete process.env.TESTCONTAINERS_REUSE_ENABLE;
}

report(told, logs, ends, networks, reuse);
