// Starts a real service in a container, talks to it, and shows that nothing is left. Run by: npm run demo
const { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } = require("node:fs");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { tmpdir } = require("node:os");
const { delimiter, join } = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");

// An engine of its own, so that what it leaves can be counted and a running one is not disturbed.
const stateFolder = mkdtempSync(join(tmpdir(), "runcible-demo-"));
process.env.RUNCIBLE_STATE_DIR = stateFolder;

const { connect } = require("../../build/client/connect.js");

async function main() {
  const before = countAll();
  say("before", describe(before));

  const { client } = await timed("start the engine", () => connect());
  try {
    const service = await chooseService(client);
    const idle = countAll();
    // As a test of its own: when its process ends, the engine removes what it started.
    await runTest(service);
    say(
      "after",
      `the test's process has ended; ${describe(await settled((now) => now.processes.length <= idle.processes.length))}`,
    );
  } finally {
    await client.system.shutdown().catch(() => {});
    client.close();
  }

  const left = await remainder(before);
  say("after", describe(countAll()));
  if (left.length > 0) throw new Error(`something is left: ${left.join(", ")}`);
  console.log("\nNothing is left. The container, its network, its mounts and the engine are gone.");
}

/** Redis from a registry, else from this machine, else this very Node: something always works. */
async function chooseService(client) {
  const { hasCode } = require("../../build/internal/errors.js");
  const redis = { image: "redis:7-alpine", port: 6379 };
  try {
    await timed("pull redis:7-alpine", () =>
      client.images.pull({ name: "redis", tag: "7-alpine", signal: AbortSignal.timeout(120_000) }),
    );
    return redis;
  } catch (error) {
    const isOffline = ["registry-unreachable", "registry-rate-limited", "api-error", "aborted", "image-exists-nowhere"];
    if (!isOffline.some((code) => hasCode(error, code))) throw error;
    say("offline", "no registry is in reach, so the image is made of this machine's own programs");
  }
  const hasRedis = process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, "redis-server")));
  const service = hasRedis ? { ...redis, image: "host/redis:local" } : { image: "host/node:local", port: 6379 };
  await timed(`make ${service.image}`, () => client.images.buildHostImage(hostImage(service, hasRedis)));
  return service;
}

async function runTest({ image, port }) {
  const stdio = ["ignore", "inherit", "inherit", "ipc"];
  const child = spawn(process.execPath, [join(__dirname, "service.js"), image, String(port)], { stdio });
  child.on("message", () => {
    say("during", describe(countAll()));
    child.send("counted");
  });
  const [exitCode] = await once(child, "close");
  if (exitCode !== 0) throw new Error(`the test ended with exit code ${exitCode}`);
}

function hostImage({ image, port }, hasRedis) {
  const command = hasRedis ? ["redis-server", "--protected-mode", "no"] : [process.execPath, "-e", smallRedis];
  return {
    Name: image,
    Executables: [hasRedis ? "redis-server" : process.execPath],
    Config: { Cmd: command, ExposedPorts: { [`${port}/tcp`]: {} } },
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

/** Processes and mounts of this demo's engine, and all network links of the machine. */
function countAll() {
  return { processes: processes(), mounts: mounts(), links: readdirSync("/sys/class/net") };
}

function processes() {
  const own = read("/proc/self/mountinfo");
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid || isChild(name)) return false;
    const command = read(`/proc/${name}/cmdline`);
    const environment = read(`/proc/${name}/environ`);
    const table = read(`/proc/${name}/mountinfo`);
    return (
      command.includes(stateFolder) ||
      environment.includes(stateFolder) ||
      (table !== own && table.includes(stateFolder))
    );
  });
}

/** The test's own process, which has this process's environment and is none of the engine's. */
function isChild(pid) {
  return read(`/proc/${pid}/cmdline`).includes(join(__dirname, "service.js"));
}

function mounts() {
  return read("/proc/self/mountinfo")
    .split("\n")
    .filter((line) => line.includes(stateFolder));
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** What is there more than before, after at most three seconds. */
async function remainder(before) {
  const leftOf = (now) =>
    Object.keys(before).flatMap((kind) =>
      now[kind].filter((thing) => !before[kind].includes(thing)).map((thing) => `${kind} ${thing}`),
    );
  return leftOf(await settled((now) => leftOf(now).length === 0));
}

/** The counts once they are as wanted, or as they are after three seconds. */
async function settled(isWanted) {
  const deadline = Date.now() + 3_000;
  for (;;) {
    const now = countAll();
    if (isWanted(now) || Date.now() > deadline) return now;
    await delay(20);
  }
}

function describe(counts) {
  return Object.entries(counts)
    .map(([kind, things]) => `${things.length} ${kind}`)
    .join(", ");
}

async function timed(what, action) {
  const startedAt = process.hrtime.bigint();
  const result = await action();
  say("done", `${what} (${Number((process.hrtime.bigint() - startedAt) / 1_000_000n)} ms)`);
  return result;
}

function say(step, text) {
  console.log(`${step.padEnd(8)} ${text}`);
}

main()
  .catch((error) => {
    console.error(`demo: ${error.message}`);
    process.exitCode = 1;
  })
  .finally(() => rmSync(stateFolder, { recursive: true, force: true }));
