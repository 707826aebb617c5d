// A user's program: starts a container, asks it, stops it, over and over. Arguments: package, image, runs.
const { get } = require("node:http");

const [library, image, runs] = process.argv.slice(2);
const { GenericContainer } = require(library);

const answer = (host, port) =>
  new Promise((resolve, reject) => {
    get({ host, port, path: "/passwd", agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    }).on("error", reject);
  });

async function once() {
  const begin = performance.now();
  const container = await new GenericContainer(image)
    .withCommand(["httpd", "-f", "-p", "8080", "-h", "/etc"])
    .withExposedPorts(8080)
    .start();
  await answer(container.getHost(), container.getMappedPort(8080));
  const ready = performance.now();
  await container.stop();
  return { startMs: ready - begin, stopMs: performance.now() - ready };
}

async function main() {
  // The first finds the daemon, or starts the engine.
  await once();
  const times = [];
  for (let run = 0; run < Number(runs); run += 1) times.push(await once());
  console.log(JSON.stringify(times));
}

void main();
