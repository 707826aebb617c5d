// A test process of a user's, whose DOCKER_HOST is a real Docker: node on-docker.cjs SCENARIO. What it sees it prints as
// one line of JSON.
const { mkdtempSync, writeFileSync, mkdirSync } = require("node:fs");
const { createServer } = require("node:net");
const { join } = require("node:path");
const { tmpdir } = require("node:os");
const runcible = require("../../../build/index.js");

const { GenericContainer, Network, SocatContainer, StartupCheckStrategy, TestContainers, Wait } = runcible;
const { getContainerRuntimeClient, getReaper, reservePort } = runcible;

const sleeper = () => new GenericContainer("bb:latest").withCommand(["sleep", "600"]);

function context(files) {
  const folder = mkdtempSync(join(tmpdir(), "on-docker-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function printed(container) {
  const started = await container.withWaitStrategy(Wait.forOneShotStartup()).start();
  let text = "";
  for await (const chunk of await started.logs()) text += chunk;
  await started.stop();
  return text;
}

async function failure(attempt) {
  try {
    await attempt;
    return "no failure";
  } catch ({ code, message, evidence }) {
    return { code, message, evidence };
  }
}

async function use() {
  const network = await new Network().start();
  const container = await sleeper().withNetwork(network).withNetworkAliases("a").start();
  const built = await GenericContainer.fromDockerfile(context({ Dockerfile: "FROM bb:latest\nRUN true\n" })).build();
  const reaper = await getReaper(await getContainerRuntimeClient());
  return {
    session: reaper.sessionId,
    label: container.getLabels()[runcible.LABEL_TESTCONTAINERS_SESSION_ID],
    reaper: reaper.containerId,
    hasImage: built instanceof GenericContainer,
  };
}

const scenarios = {
  /** Says what it has made, and waits to be killed. */
  hang: async () => {
    const used = await use();
    setInterval(() => {}, 1_000);
    return used;
  },
  /** Ends by itself although a reaper is connected. */
  use,
  hostPorts: async () => {
    const server = createServer((client) => void client.end("from the host\n"));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    const { port } = server.address();
    await TestContainers.exposeHostPorts(port);
    await TestContainers.exposeHostPorts(port);
    const network = await new Network().start();
    const containers = [
      await sleeper().start(),
      await sleeper().withNetwork(network).start(),
      await sleeper().withNetwork(network).withNetworkAliases("a").start(),
    ];
    const ask = ["nc", "-w", "3", "host.testcontainers.internal", String(port)];
    const answers = [];
    for (const container of containers) answers.push((await container.exec(ask)).stdout);
    const { dockerode } = (await getContainerRuntimeClient()).container;
    const filters = { label: ["org.testcontainers.sshd=true"] };
    const [forwarder] = await dockerode.listContainers({ filters });
    return { answers, addresses: forwarder.Ports.map(({ IP }) => IP) };
  },
  ports: async () => {
    const { number } = await reservePort();
    const listening = new Promise((resolve) => {
      const server = createServer().once("error", resolve);
      server.listen(number, "127.0.0.1", () => resolve({}));
    });
    const { code } = await listening;
    const alias = await reservePort();
    await alias.release();
    const web = await sleeper()
      .withCommand(["httpd", "-f", "-p", "80", "-h", "/etc"])
      .withExposedPorts({ container: 80, host: number })
      .withAliasPorts({ container: 80, host: alias.number })
      .start();
    const answer = await fetch(`http://localhost:${number}/passwd`);
    return { code, isSame: web.getMappedPort(80) === number, answer: await answer.text() };
  },
  socat: async () => {
    const network = await new Network().start();
    const server = ["httpd", "-f", "-p", "80", "-h", "/etc"];
    await new GenericContainer("bb:latest").withCommand(server).withNetwork(network).withNetworkAliases("web").start();
    const socat = await new SocatContainer("localhost/socat:1")
      .withNetwork(network)
      .withTarget(8080, "web", 80)
      .start();
    const answer = await fetch(`http://${socat.getHost()}:${socat.getMappedPort(8080)}/passwd`);
    return { answer: await answer.text() };
  },
  classicBuild: async () => {
    const build = () =>
      GenericContainer.fromDockerfile(context({ Dockerfile: "FROM bb:latest\nRUN echo built >/built\n" }));
    const built = await build().build();
    return {
      printed: await printed(built.withCommand(["cat", "/built"])),
      failure: await failure(build().withBuildkit().build()),
    };
  },
  builds: async () => {
    const files = {
      Dockerfile:
        'FROM bb:latest\nARG WORD=none\nENV W=$WORD\nCOPY . /app\nCMD ["sh", "-c", "echo $W; find /app -type f"]\n',
      ".dockerignore": "*\n!kept\n",
      "kept/file": "1",
      other: "1",
    };
    const broken = { Dockerfile: "FROM bb:latest\nRUN echo on its way; exit 7\n" };
    const build = (all) => GenericContainer.fromDockerfile(context(all));
    return {
      classic: await printed(await build(files).withBuildArgs({ WORD: "classic" }).build()),
      buildkit: await printed(await build(files).withBuildArgs({ WORD: "buildkit" }).withBuildkit().build()),
      classicFailure: await failure(build(broken).build()),
      buildkitFailure: await failure(build(broken).withBuildkit().build()),
      targetFailure: await failure(build(broken).withTarget("nosuch").build()),
    };
  },
  dockerode: async () => {
    class Listed extends StartupCheckStrategy {
      async checkStartupState(docker, id) {
        const containers = await docker.listContainers();
        return containers.some(({ Id }) => Id === id) ? "SUCCESS" : "PENDING";
      }
    }
    const started = await sleeper().withWaitStrategy(new Listed()).start();
    const { container } = await getContainerRuntimeClient();
    const { Id } = await container.dockerode.getContainer(started.getId()).inspect();
    const top = await container.getById(Id).top();
    return { isSame: Id === started.getId(), titles: top.Titles.length > 0 };
  },
  reuse: async () => {
    const shared = await sleeper().withReuse().start();
    return { id: shared.getId() };
  },
  /** Of the containers that clear up and forward ports: what the settings made of them. */
  services: async () => {
    const server = createServer().listen(0, "127.0.0.1").unref();
    await new Promise((resolve) => server.once("listening", resolve));
    await TestContainers.exposeHostPorts(server.address().port);
    const client = await getContainerRuntimeClient();
    const { dockerode } = client.container;
    const seen = async (id) => {
      const { Config, HostConfig, NetworkSettings } = await dockerode.getContainer(id).inspect();
      const [published] = Object.values(NetworkSettings.Ports).find((bindings) => bindings !== null);
      return {
        ...{ image: Config.Image, binds: HostConfig.Binds, isPrivileged: HostConfig.Privileged },
        ...{ port: published.HostPort, environment: Config.Env.filter((text) => text.startsWith("RYUK_")) },
      };
    };
    const [forwarder] = await dockerode.listContainers({ filters: { label: ["org.testcontainers.sshd=true"] } });
    return {
      reaper: await seen((await getReaper(client)).containerId),
      forwarder: await seen(forwarder.Id),
      container: (await sleeper().start()).getHost(),
    };
  },
  disabled: async () => {
    const container = await sleeper().withLabels({ disabled: "true" }).start();
    const reaper = await getReaper(await getContainerRuntimeClient());
    const { dockerode } = (await getContainerRuntimeClient()).container;
    const reapers = await dockerode.listContainers({ filters: { label: ["org.testcontainers.ryuk=true"] } });
    process.stdout.write(`${JSON.stringify({ id: container.getId(), reaper: reaper.containerId, reapers })}\n`);
    // Not even what a process does when it has nothing left to do.
    process.exit(0);
  },
  withoutReaper: async () => ({ failure: await failure(sleeper().start()) }),
};

scenarios[process.argv[2]]().then((seen) => process.stdout.write(`${JSON.stringify(seen)}\n`));
