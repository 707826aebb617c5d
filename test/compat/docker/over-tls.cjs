// A test process of a user's, whose daemon is behind TCP: node over-tls.cjs SCENARIO. What it sees it prints as one line of
// JSON.
const { buffer } = require("node:stream/consumers");
const { mkdtempSync, writeFileSync } = require("node:fs");
const { connect, createServer } = require("node:net");
const { join } = require("node:path");
const { tmpdir } = require("node:os");
const {
  DockerComposeEnvironment,
  GenericContainer,
  Wait,
  getContainerRuntimeClient,
} = require("../../../build/index.js");
const { getRuntime } = require("../../../build/api/runtime/runtime.js");
const { readOutput } = require("../../../build/client/output.js");

const image = "bb:latest";
const shell = (script) => new GenericContainer(image).withCommand(["sh", "-c", script]);

const scenarios = {
  everything: async () => {
    const container = await shell("echo ready; exec httpd -f -p 80 -h /etc")
      .withExposedPorts(80)
      .withCopyContentToContainer([{ content: "content", target: "/in" }])
      .withWaitStrategy(Wait.forAll([Wait.forLogMessage("ready"), Wait.forListeningPorts()]))
      .start();
    const { stdout, stderr, exitCode } = await container.exec(["sh", "-c", "cat /in; echo err >&2; exit 3"]);
    const archive = await buffer(await container.copyArchiveFromContainer("/in"));
    const url = `http://${container.getHost()}:${container.getMappedPort(80)}/passwd`;
    const page = await (await fetch(url)).text();
    let log;
    for await (log of await container.logs()) break;
    const { dockerode } = (await getContainerRuntimeClient()).container;
    const isSame = (await dockerode.getContainer(container.getId()).inspect()).Id === container.getId();
    await container.stop();
    const rest = await dockerode.listContainers({ all: true, filters: { id: [container.getId()] } });
    return {
      ...{ stdout, stderr, exitCode, hasFile: archive.includes("content"), page: page.slice(0, 5) },
      ...{ host: container.getHost(), log: String(log), isSame, rest: rest.length },
    };
  },
  /** Both directions of a connection that was taken over, of which one ends first. */
  attach: async () => {
    const { engine } = await getRuntime();
    const { Id } = await engine.containers.create({
      Image: image,
      Cmd: ["sh", "-c", "md5sum; echo and more"],
      OpenStdin: true,
      StdinOnce: true,
    });
    const socket = await engine.containers.attach(Id, { stdin: true });
    await engine.containers.start(Id);
    socket.end(Buffer.alloc(5_000_000, "0123456789abcdef"));
    let output = "";
    for await (const { payload } of readOutput(socket)) output += payload.toString();
    await engine.containers.remove(Id, { force: true });
    return { output };
  },
  buildkit: async () => {
    const context = mkdtempSync(join(tmpdir(), "over-tls-"));
    writeFileSync(join(context, "Dockerfile"), `FROM ${image}\nCOPY word /word\n`);
    writeFileSync(join(context, "word"), "hello\n");
    const built = await GenericContainer.fromDockerfile(context).withBuildkit().build();
    const container = await built.withCommand(["sleep", "60"]).start();
    return { word: (await container.exec(["cat", "/word"])).stdout };
  },
  /** With the program that the user has named. */
  compose: async () => {
    const folder = mkdtempSync(join(tmpdir(), "over-tls-"));
    const file = `services:\n  web:\n    image: ${image}\n    command: ["sleep", "60"]\n    stop_grace_period: 0s\n`;
    writeFileSync(join(folder, "compose.yml"), file);
    const environment = await new DockerComposeEnvironment(folder, "compose.yml")
      .withClientOptions({ executable: { standalone: true } })
      .up();
    const { stdout } = await environment.getContainer("web_1").exec(["echo", "up"]);
    await environment.down();
    return { stdout };
  },
  /** That the daemon can be used at all. */
  connect: async () => {
    const { info } = await getContainerRuntimeClient();
    return { version: typeof info.containerRuntime.serverVersion };
  },
  /** Through a proxy that breaks off the first connection, so that no word of the daemon arrives there. */
  connectAgain: async () => {
    const { hostname, port } = new URL(process.env.DOCKER_HOST);
    let connections = 0;
    const proxy = createServer((client) => {
      client.on("error", () => {});
      connections += 1;
      if (connections === 1) return void client.once("data", () => client.resetAndDestroy());
      const daemon = connect(Number(port), hostname);
      daemon.on("error", () => client.destroy());
      client.pipe(daemon).pipe(client);
    }).unref();
    await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    process.env.DOCKER_HOST = `tcp://127.0.0.1:${proxy.address().port}`;
    return scenarios.connect();
  },
};

const print = (seen) => process.stdout.write(`${JSON.stringify(seen)}\n`);
scenarios[process.argv[2]]().then(print, ({ code, message }) => print({ code, message }));
