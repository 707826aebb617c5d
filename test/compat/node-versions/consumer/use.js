// What a user's program does, however it has loaded the package; prints what it saw, and what it leaves open.
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { get } = require("node:http");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { text } = require("node:stream/consumers");

const image = process.env.IMAGE;
/** What keeps a process alive; its own output is none of the package's. */
const resources = () => process.getActiveResourcesInfo();
for (const output of [process.stdout, process.stderr]) output.write("");
const before = resources();

function openResources() {
  const own = [...before];
  return resources().filter((name) => {
    const index = own.indexOf(name);
    if (index >= 0) own.splice(index, 1);
    return index < 0;
  });
}

function page(url) {
  return new Promise((resolve, reject) =>
    get(url, { agent: false }, (answer) => resolve(text(answer))).on("error", reject),
  );
}

async function useContainers({ GenericContainer, Network, TestContainers, Wait }) {
  const network = await new Network().start();
  const lines = [];
  const web = await new GenericContainer(image)
    .withNetwork(network)
    .withNetworkAliases("web")
    .withExposedPorts(80)
    .withCommand(["sh", "-c", "echo ready; exec httpd -f -p 80 -h /www"])
    .withLogConsumer((stream) => stream.on("data", (line) => lines.push(line)))
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage("ready"), Wait.forHttp("/", 80)]))
    .start();
  const peer = new GenericContainer(image).withNetwork(network).withCommand(["sleep", "600"]);
  const started = await TestContainers.startAll({ peer });
  const logs = await web.logs();
  logs.on("data", () => {});
  const { stdout } = await started.peer.exec(["wget", "-qO-", "http://web/"]);
  const outside = await page(`http://${web.getHost()}:${web.getMappedPort(80)}/`);
  await Promise.all([web.stop(), started.peer.stop()]);
  await network.stop();
  return { outside, inside: stdout, lines: lines.join("") };
}

async function useCompose({ DockerComposeEnvironment }) {
  const folder = mkdtempSync(join(tmpdir(), "compose-"));
  writeFileSync(join(folder, "compose.yaml"), `services: {web: {image: ${image}, command: "sleep 600"}}`);
  const environment = await new DockerComposeEnvironment(folder, "compose.yaml").up();
  const { output } = await environment.getContainer("web-1").exec("echo here");
  await environment.down();
  rmSync(folder, { recursive: true });
  return { output };
}

exports.use = async (runcible) => {
  const report = {
    node: process.version,
    containers: await useContainers(runcible),
    compose: await useCompose(runcible),
  };
  // What has just been closed is gone one turn of the event loop later, or two.
  for (let turn = 0; turn < 100 && openResources().length > 0; turn++) await new Promise(setImmediate);
  console.log(JSON.stringify({ ...report, open: openResources() }));
};
