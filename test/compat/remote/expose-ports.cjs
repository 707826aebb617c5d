// A test process on a machine whose DOCKER_HOST is an engine of another one: node expose-ports.cjs IMAGE. Both have a
// service on the same port of their loopback; prints what containers get.
const { createServer } = require("node:http");
const { GenericContainer, Network, reservePort, TestContainers } = require("../../../build/index.js");

const port = 8088;

async function main([image]) {
  const server = createServer((_, response) => response.end("of the test's machine"));
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  server.unref();
  await TestContainers.exposeHostPorts(port);
  const network = await new Network().start();
  const sleeper = () => new GenericContainer(image).withCommand(["sleep", "600"]);
  const answers = [];
  for (const container of [await sleeper().start(), await sleeper().withNetwork(network).start()]) {
    const { output } = await container.exec(["wget", "-qO-", `http://host.testcontainers.internal:${port}/`]);
    answers.push(output);
    await container.stop();
  }
  await network.stop();
  const refusal = await reservePort().catch(({ code }) => code);
  console.log(JSON.stringify({ answers, refusal }));
}

void main(process.argv.slice(2));
