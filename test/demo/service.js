// What a test does: starts a service, talks to it, ends. Arguments: image, port.
const { once } = require("node:events");
const { connect } = require("node:net");
const { GenericContainer, Wait } = require("../../build/index.js");

const [image, port] = process.argv.slice(2);

async function main() {
  const startedAt = Date.now();
  const container = await new GenericContainer(image)
    .withExposedPorts(Number(port))
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  const address = { host: container.getHost(), port: container.getMappedPort(Number(port)) };
  say(
    "ready",
    `container ${container.getId().slice(0, 12)} on ${address.host}:${address.port}, ${Date.now() - startedAt} ms`,
  );
  await talkToRedis(address);
  await ask("counts");
  await container.stop();
  say("stopped", "the container");
}

/** Speaks RESP, Redis's protocol, as plain as it is. */
async function talkToRedis(address) {
  const socket = connect(address);
  await once(socket, "connect");
  try {
    for (const words of [["PING"], ["SET", "greeting", "hello"], ["GET", "greeting"]]) {
      const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      socket.write(`*${words.length}\r\n${parts.join("")}`);
      const [answer] = await once(socket, "data");
      say("talk", `${words.join(" ")} → ${answer.toString().trim().split("\r\n").at(-1)}`);
    }
  } finally {
    socket.destroy();
  }
}

/** Lets the demo count while the container runs. */
async function ask(what) {
  process.send(what);
  await once(process, "message");
}

function say(step, text) {
  console.log(`${step.padEnd(8)} ${text}`);
}

main()
  .catch((error) => {
    console.error(`demo: ${error.message}`);
    process.exitCode = 1;
  })
  .finally(() => process.disconnect());
