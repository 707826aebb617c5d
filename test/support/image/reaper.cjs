// What Ryuk does, for machines that cannot pull it: each connection names labels, one line each; when the last one has
// been closed for a while, everything on the daemon that has one of them goes.
const { createServer } = require("node:net");
const { request } = require("node:http");

const waitMs = Number.parseFloat(process.env.RYUK_RECONNECTION_TIMEOUT ?? "10s") * 1000;
const labels = new Set();
let connections = 0;
let timer;

function call(method, path) {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: "/var/run/docker.sock", method, path }, async (answer) => {
      let text = "";
      for await (const chunk of answer) text += chunk;
      resolve(answer.statusCode < 300 && text.startsWith("[") ? JSON.parse(text) : undefined);
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function reap(label) {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  for (const { Id, Labels } of (await call("GET", `/containers/json?all=true&filters=${filters}`)) ?? []) {
    if (Labels["org.testcontainers.ryuk"] !== "true") await call("DELETE", `/containers/${Id}?force=true&v=true`);
  }
  for (const { Id } of (await call("GET", `/networks?filters=${filters}`)) ?? [])
    await call("DELETE", `/networks/${Id}`);
  for (const { Id } of (await call("GET", `/images/json?filters=${filters}`)) ?? []) {
    await call("DELETE", `/images/${Id}?force=true`);
  }
}

const server = createServer((client) => {
  connections += 1;
  clearTimeout(timer);
  let rest = "";
  client.setEncoding("utf8");
  client.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      labels.add(line.trim().replace(/^label=/, ""));
      client.write("ACK\n");
    }
  });
  client.on("error", () => {});
  client.on("close", () => {
    connections -= 1;
    if (connections > 0) return;
    timer = setTimeout(async () => {
      server.close();
      for (const label of labels) await reap(label);
      process.exit(0);
    }, waitMs);
  });
});

process.on("SIGTERM", () => process.exit(0));
server.listen(8080, () => console.log("Started"));
