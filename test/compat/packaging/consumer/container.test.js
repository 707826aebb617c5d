// A user's suite, run by Jest.
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { DockerComposeEnvironment, GenericContainer, Network, RuncibleError, Wait } = require("runcible");

let network;
let container;

beforeAll(async () => {
  network = await new Network().start();
  container = await new GenericContainer(process.env.IMAGE)
    .withNetwork(network)
    .withExposedPorts(80)
    .withCommand(["sh", "-c", "echo ready; exec httpd -f -p 80 -h /www"])
    .withLogConsumer((stream) => stream.resume())
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage("ready"), Wait.forHttp("/", 80)]))
    .start();
});

afterAll(async () => {
  await container.stop();
  await network.stop();
});

test("the service answers", async () => {
  const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/`);

  expect(await answer.text()).toBe("hello\n");
});

test("a command runs in it, and its log can be read", async () => {
  await container.copyContentToContainer([{ content: "copied", target: "/tmp/file" }]);

  expect(await container.exec(["cat", "/tmp/file"])).toMatchObject({ stdout: "copied", exitCode: 0 });
  for await (const chunk of await container.logs()) {
    expect(chunk).toContain("ready");
    break;
  }
});

test("a failed start is an error of this package, also in Jest's own realm", async () => {
  const failing = new GenericContainer(process.env.IMAGE).withCommand(["false"]).withExposedPorts(80);

  await expect(failing.start()).rejects.toBeInstanceOf(RuncibleError);
  await expect(failing.start()).rejects.toMatchObject({ code: "start-failed", evidence: { exitCode: 1 } });
});

test("a compose project comes up and goes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "compose-"));
  writeFileSync(join(folder, "compose.yaml"), `services: {web: {image: ${process.env.IMAGE}, command: "sleep 1000"}}`);

  const environment = await new DockerComposeEnvironment(folder, "compose.yaml").up();

  expect(await environment.getContainer("web-1").exec("echo here")).toMatchObject({ stdout: "here\n" });
  await environment.down();
  rmSync(folder, { recursive: true });
});

test("a container that is left to the session keeps nothing open", async () => {
  const left = await new GenericContainer(process.env.IMAGE).withCommand(["sleep", "1000"]).start();
  (await left.logs()).on("data", () => {});
});
