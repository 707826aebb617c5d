// The suite's core, in a container of the virtual machine: an engine of its own there, its containers, network and files; the answer as JSON.
const { connect: connectTo } = require("node:net");
const { connect } = require("../../../build/client/connect.js");
const { GenericContainer, Network, Wait } = require("../../../build/index.js");
const { busybox } = require("./containers.cjs");

async function main() {
  const { client } = await connect();
  const image = await busybox(client);
  const network = await new Network().start();
  const script = "echo written >/tmp/written; echo ready; exec busybox nc -ll -p 80 -e busybox echo answered";
  const server = await new GenericContainer(image)
    .withNetwork(network)
    .withNetworkAliases("server")
    .withCopyContentToContainer([{ content: "copied\n", target: "/tmp/copied" }])
    .withExposedPorts(80)
    .withResourcesQuota({ memory: 0.0625 })
    .withCommand(["busybox", "sh", "-c", script])
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage("ready"), Wait.forListeningPorts()]))
    .start();
  const reader = await new GenericContainer(image)
    .withNetwork(network)
    .withCommand(["busybox", "sh", "-c", "busybox nc server 80; echo said; exec busybox sleep 1000"])
    .withWaitStrategy(Wait.forLogMessage("said"))
    .start();
  const read = await reader.exec(["busybox", "cat", "/proc/self/attr/current"]);
  const exec = await server.exec(["busybox", "cat", "/tmp/written", "/tmp/copied"]);
  const answer = {
    fromOutside: await hear(server.getHost(), server.getMappedPort(80)),
    fromInside: await firstLine(reader),
    files: exec.output.trim().split("\n"),
    profile: read.output.trim(),
  };
  await Promise.all([server, reader].map((container) => container.stop()));
  await network.stop();
  const { Driver, Warnings, SecurityOptions } = await client.system.info();
  answer.driver = Driver;
  answer.warnings = Warnings;
  answer.isRootless = SecurityOptions.includes("name=rootless");
  answer.left = (await client.containers.list({ all: true })).length;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.exit(0);
}

async function firstLine(container) {
  for await (const chunk of await container.logs()) return String(chunk).trim().split("\n")[0];
}

function hear(host, port) {
  return new Promise((resolve, reject) => {
    const socket = connectTo(port, host);
    socket.once("data", (chunk) => {
      socket.destroy();
      resolve(String(chunk).trim());
    });
    socket.once("error", reject);
  });
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
