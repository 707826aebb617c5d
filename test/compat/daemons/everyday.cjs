// A test process of a user's, on whatever daemon its environment names: node everyday.cjs SCENARIO. What it sees it prints
// as one line of JSON.
const { buffer, text } = require("node:stream/consumers");
const { connect } = require("node:net");
const { mkdtempSync, writeFileSync, mkdirSync } = require("node:fs");
const { join } = require("node:path");
const { tmpdir } = require("node:os");
const { GenericContainer, Network, Wait } = require("../../../build/index.js");

const image = "bb:latest";
const server = ["httpd", "-f", "-p", "80", "-h", "/etc"];

function shell(script) {
  return new GenericContainer(image).withCommand(["sh", "-c", script]);
}

function folderWith(files) {
  const folder = mkdtempSync(join(tmpdir(), "everyday-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content, { mode: 0o644 });
  }
  return folder;
}

async function page(container, path) {
  const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}${path}`);
  return `${answer.status} ${(await answer.text()).split(":")[0]}`;
}

async function failureOf(start) {
  try {
    await start;
    return "no failure";
  } catch ({ code, message }) {
    return { code, message };
  }
}

const scenarios = {
  ports: async () => {
    const container = await new GenericContainer(image).withCommand(server).withExposedPorts(80).start();
    return { page: await page(container, "/passwd") };
  },
  /** A proxy accepts for whoever is behind it, and services hang up as they like. */
  services: async () => {
    const service = (address, program) =>
      new GenericContainer("localhost/socat:1")
        .withCommand(["socat", `${address},fork,reuseaddr`, `SYSTEM:${program}`])
        .withExposedPorts(80);
    const failure = async (address) => {
      const { code, message } = await failureOf(service(address, "cat").withStartupTimeout(3_000).start());
      return { code, isNamed: /not bound after 3000ms; .*(127\.0\.0\.1|IPv6 only)/.test(message) };
    };
    const failures = [await failure("TCP4-LISTEN:80,bind=127.0.0.1"), await failure("TCP6-LISTEN:80,ipv6only=1")];
    const speaking = await service("TCP4-LISTEN:80", "echo hello").start();
    const answer = connect({ host: speaking.getHost(), port: speaking.getMappedPort(80) });
    const silent = [await service("TCP4-LISTEN:80", "true").start(), await service("TCP6-LISTEN:80", "true").start()];
    return { failures, speaking: await text(answer), silent: silent.length };
  },
  http: async () => {
    const late = shell("sleep 0.5; exec httpd -f -p 80 -h /etc").withExposedPorts(80);
    const container = await late.withWaitStrategy(Wait.forHttp("/passwd", 80).forStatusCode(200)).start();
    return { page: await page(container, "/passwd") };
  },
  log: async () => {
    const container = await shell("for i in 1 2 3; do echo line $i; sleep 0.2; done; sleep 600")
      .withWaitStrategy(Wait.forLogMessage(/line \d/, 3))
      .start();
    // Awaited, it keeps this process alive; a mere listener does not.
    for await (const chunk of await container.logs()) return { line: String(chunk).split("\n")[0] };
  },
  health: async () => {
    const check = { test: ["CMD-SHELL", "test -f /tmp/ready"], interval: 500, timeout: 2_000, retries: 60 };
    const container = await shell("sleep 1; touch /tmp/ready; sleep 600").withHealthCheck(check).start();
    return { files: (await container.exec(["ls", "/tmp"])).stdout };
  },
  imageHealth: async () => {
    const lines = [
      "HEALTHCHECK --interval=1s --retries=60 CMD test -f /tmp/ready",
      'CMD ["sh", "-c", "sleep 1; touch /tmp/ready; sleep 600"]',
    ];
    const built = await GenericContainer.fromDockerfile(
      folderWith({ Dockerfile: `FROM ${image}\n${lines.join("\n")}\n` }),
    ).build();
    const container = await built.start();
    return { files: (await container.exec(["ls", "/tmp"])).stdout };
  },
  command: async () => {
    const container = await shell("sleep 0.5; touch /tmp/ready; sleep 600")
      .withWaitStrategy(Wait.forSuccessfulCommand("test -f /tmp/ready"))
      .start();
    return { files: (await container.exec(["ls", "/tmp"])).stdout };
  },
  oneShot: async () => {
    const done = await shell("echo done").withWaitStrategy(Wait.forOneShotStartup()).start();
    const failed = await failureOf(shell("exit 7").withWaitStrategy(Wait.forOneShotStartup()).start());
    return { log: await text(await done.logs()), code: failed.code };
  },
  exec: async () => {
    const container = await shell("sleep 600").withEnvironment({ COLOUR: "red" }).start();
    const run = await container.exec(["sh", "-c", "echo $COLOUR $SHAPE; pwd; id -u; echo wrong >&2; exit 3"], {
      env: { SHAPE: "round" },
      user: "65534",
      workingDir: "/etc",
    });
    return { exitCode: run.exitCode, stdout: run.stdout, stderr: run.stderr };
  },
  files: async () => {
    const folder = folderWith({ "one.txt": "one", "below/two.txt": "two" });
    const container = await shell("sleep 600")
      .withCopyContentToContainer([{ content: "content", target: "/in/content.txt", mode: 0o600 }])
      .withCopyFilesToContainer([{ source: join(folder, "one.txt"), target: "/in/one.txt" }])
      .withCopyDirectoriesToContainer([{ source: folder, target: "/in/folder" }])
      .start();
    await container.copyContentToContainer([{ content: "later", target: "/in/later.txt" }]);
    const { stdout } = await container.exec([
      "sh",
      "-c",
      "cd /in; find . -type f | sort; stat -c %a content.txt; cat later.txt",
    ]);
    const archive = await buffer(await container.copyArchiveFromContainer("/in/one.txt"));
    return { stdout, hasFile: archive.includes("one.txt") };
  },
  restart: async () => {
    const container = await shell("echo begun; exec httpd -f -p 80 -h /etc").withExposedPorts(80).start();
    await container.restart();
    const begun = (await container.exec(["cat", "/proc/1/comm"])).stdout.trim();
    return { begun, page: await page(container, "/passwd") };
  },
  stop: async () => {
    const container = await shell("trap 'exit 0' TERM; echo here >/kept; while :; do sleep 0.1; done")
      .withWaitStrategy(Wait.forSuccessfulCommand("test -f /kept"))
      .start();
    const stopped = await container.stop({ remove: false });
    const archive = await buffer(await stopped.copyArchiveFromContainer("/kept"));
    return { isSame: stopped.getId() === container.getId(), hasFile: archive.includes("here") };
  },
  commit: async () => {
    const container = await shell("echo made >/made; sleep 600")
      .withWaitStrategy(Wait.forSuccessfulCommand("test -f /made"))
      .start();
    const id = await container.commit({ repo: "localhost/everyday", tag: "1", deleteOnExit: true });
    const again = await new GenericContainer("localhost/everyday:1")
      .withCommand(["cat", "/made"])
      .withWaitStrategy(Wait.forOneShotStartup())
      .start();
    return { isId: /^(sha256:)?[0-9a-f]{64}$/.test(id), log: await text(await again.logs()) };
  },
  networks: async () => {
    const network = await new Network().start();
    const web = new GenericContainer(image).withCommand(server).withNetwork(network).withNetworkAliases("web");
    await web.start();
    const client = await shell("sleep 600").withNetwork(network).start();
    // Neither need the server listen yet, nor, on Podman, the name be known.
    const ask = "until wget -q -O - http://web/passwd; do sleep 0.1; done";
    return { page: (await client.exec(["sh", "-c", ask])).stdout.split(":")[0] };
  },
  failures: async () => {
    const missing = await failureOf(new GenericContainer("localhost:1/nosuch:1").start());
    const ended = await failureOf(shell("echo last words; exit 9").withExposedPorts(80).start());
    return {
      missing: /localhost:1\/nosuch:1/.test(missing.message),
      ended: ended.code,
      says: ["exit code 9", "last words"].filter((words) => ended.message.includes(words)),
    };
  },
};

scenarios[process.argv[2]]().then((seen) => process.stdout.write(`${JSON.stringify(seen)}\n`));
