// What a test does: it starts a service and talks to it. It stops nothing: the demo kills it. Arguments: image, port.
const { once } = require("node:events");
const { connect } = require("node:net");
const { GenericContainer } = require("../../build/index.js");
const { say } = require("./say.js");

const [image, port] = process.argv.slice(2);

async function main() {
  const startedAt = Date.now();
  const container = await new GenericContainer(image).withExposedPorts(Number(port)).start();
  const address = { host: container.getHost(), port: container.getMappedPort(Number(port)) };
  const id = container.getId().slice(0, 12);
  say("container", `${id} is ready on ${address.host}:${address.port}, in ${Date.now() - startedAt} ms`);
  await talkToRedis(address);
  process.send("talked");
  // Stays, with its container, until it is killed.
  setInterval(() => {}, 60_000);
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
      const text = answer.toString().trim().split("\r\n").at(-1);
      say("talk", `${words.join(" ")} → ${text.replace(/^\+/, "")}`);
    }
  } finally {
    socket.destroy();
  }
}

main().catch((error) => {
  console.error(`demo: ${error.message}`);
  process.exit(1);
});
