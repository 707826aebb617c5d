// Starts a real service in a container, talks to it, and shows that nothing is left. Run by: npm run demo
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { existsSync, mkdtempSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { delimiter, join } = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");

// An engine of its own, so that what it leaves can be counted and a running one is not disturbed.
const stateFolder = mkdtempSync(join(tmpdir(), "runcible-demo-"));
process.env.RUNCIBLE_STATE_DIR = stateFolder;
for (const name of ["RUNCIBLE_HOST", "DOCKER_HOST"]) delete process.env[name];

const { countOf, engineIdOf } = require("./count.js");
const { say } = require("./say.js");
const { connect } = require("../../build/client/connect.js");
const { removeStateFolder } = require("../../build/client/remove-state.js");
const { hasCode } = require("../../build/internal/errors.js");

async function main() {
  console.log("A real service in a container, without Docker\n");
  const before = countOf(stateFolder, "");
  const { value: connection, ms } = await timed(() => connect());
  const { client } = connection;
  const engineId = engineIdOf(stateFolder);
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interruption.abort());
  let during;
  try {
    say("engine", `started, in ${ms} ms`);
    during = await showService(client, engineId, interruption.signal);
  } finally {
    await client.system.shutdown().catch(() => {});
    client.close();
    await until(() => countOf(stateFolder, engineId).processes === 0);
    await removeStateFolder(stateFolder);
  }
  say("engine", "ended by the demo; by itself it ends a minute after the last test\n");

  const after = countOf(stateFolder, engineId);
  showCounts({ before, during, after });
  const left = Object.keys(after).filter((kind) => after[kind] > before[kind]);
  if (left.length > 0) throw new Error(`something is left: ${left.join(", ")}`);
  console.log("\nNothing is left.");
}

async function showService(client, engineId, signal) {
  const service = await chooseService(client, signal);
  // A process of its own, as a test is.
  const test = spawn(process.execPath, [join(__dirname, "service.js"), service.image, String(service.port)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    signal,
    killSignal: "SIGKILL",
  });
  const ended = once(test, "close");
  const isFine = await Promise.race([once(test, "message").then(() => true), ended.then(() => false)]);
  if (!isFine) throw new Error("the test has ended before its time");
  const counts = countOf(stateFolder, engineId);
  test.kill("SIGKILL");
  const { ms } = await timed(async () => {
    await ended;
    await until(async () => (await client.containers.list({ all: true })).length === 0);
  });
  say("test", `killed by SIGKILL while its container ran; the container was gone ${ms} ms later`);
  return counts;
}

/** Redis from a registry, else from this machine, else this very Node: something always works. */
async function chooseService(client, signal) {
  const redis = { image: "redis:7-alpine", port: 6379 };
  try {
    const { ms } = await timed(() => pull(client, { name: "redis", tag: "7-alpine" }, signal));
    say("image", `${redis.image} pulled, in ${ms} ms`);
    return redis;
  } catch (error) {
    if (signal.aborted || !isOffline(error)) throw error;
  }
  const hasRedis = process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, "redis-server")));
  const service = { image: hasRedis ? "host/redis:local" : "host/demo:local", port: 6379 };
  const { ms } = await timed(() => client.images.buildHostImage(hostImage(service, hasRedis)));
  const source = hasRedis ? "redis-server" : "Node";
  say("image", `no registry is in reach; ${service.image} made of this machine's ${source}, in ${ms} ms`);
  return service;
}

const silenceLimitMs = 15_000;

/** Gives up when the registry says nothing for a while. */
async function pull(client, image, signal) {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceLimitMs);
  try {
    const either = AbortSignal.any([signal, silence.signal]);
    await client.images.pull({ ...image, signal: either, onProgress: () => timer.refresh() });
  } finally {
    clearTimeout(timer);
  }
}

function isOffline(error) {
  return ["registry-unreachable", "registry-rate-limited", "registry-slow", "aborted", "timeout"].some((code) =>
    hasCode(error, code),
  );
}

function hostImage({ image, port }, hasRedis) {
  return {
    Name: image,
    Executables: [hasRedis ? "redis-server" : process.execPath],
    Config: {
      Cmd: hasRedis ? ["redis-server", "--protected-mode", "no"] : [process.execPath, "-e", smallRedis],
      ExposedPorts: { [`${port}/tcp`]: {} },
    },
  };
}

/** Enough of Redis for the demo: answers PING, SET and GET. */
const smallRedis = `
  const values = new Map();
  require("node:net").createServer((socket) => {
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      const [verb, key, value] = text.split("\\r\\n").filter((part) => part !== "" && !/^[*$]/.test(part));
      if (verb === "PING") return socket.write("+PONG\\r\\n");
      if (verb === "SET") return values.set(key, value) && socket.write("+OK\\r\\n");
      const found = values.get(key) ?? "";
      socket.write("$" + Buffer.byteLength(found) + "\\r\\n" + found + "\\r\\n");
    });
  }).listen(6379);
  process.on("SIGTERM", () => process.exit(0));
`;

function showCounts(columns) {
  const cells = (row) => row.map((cell) => String(cell).padStart(9)).join("");
  console.log(`${"".padEnd(20)}${cells(Object.keys(columns))}`);
  for (const kind of Object.keys(columns.before)) {
    console.log(`${kind.padEnd(20)}${cells(Object.values(columns).map((counts) => counts[kind]))}`);
  }
}

async function until(isSo) {
  const deadline = Date.now() + 5_000;
  while (!(await isSo()) && Date.now() < deadline) await delay(10);
}

async function timed(action) {
  const startedAt = process.hrtime.bigint();
  const value = await action();
  return { value, ms: Number((process.hrtime.bigint() - startedAt) / 1_000_000n) };
}

main()
  .catch((error) => {
    console.error(`demo: ${error.name === "AbortError" ? "interrupted; what it had started is gone" : error.message}`);
    process.exitCode = 1;
  })
  .finally(() => removeStateFolder(stateFolder));
