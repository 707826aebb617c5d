// Run inside a container that has a memory limit of 600 MiB: starts wait, and a killed engine leaves nothing.
const { execFileSync } = require("node:child_process");
const { readdirSync, readFileSync } = require("node:fs");
const { setTimeout: delay } = require("node:timers/promises");
const { GenericContainer } = require("/repo/build/index.js");

async function main() {
  const load = ["/repo/build/cli/main.js", "load"];
  execFileSync(process.execPath, load, {
    input: readFileSync("/images/redis.tar"),
    stdio: ["pipe", "ignore", "inherit"],
  });
  const redis = () => new GenericContainer("redis:nested").withExposedPorts(6379).withResourcesQuota({ memory: 0.3 });
  const first = await redis().start();
  const second = redis().start();
  await until(() => log().includes("start waits for memory"));
  const whileWaiting = running("redis-server");
  await first.stop();
  await (await second).stop();
  const waited = /waited [\d.]+ s for memory/.exec(log())?.[0] ?? "";

  await redis().start();
  for (const pid of pids("engine/main.js")) process.kill(pid, "SIGKILL");
  await until(() => running("redis-server") === 0 && running("engine/main.js") === 0);
  await (await redis().start()).stop();
  process.stdout.write(`${JSON.stringify({ whileWaiting, waited, left: running("redis-server") })}\n`);
  process.exit(0);
}

function log() {
  return readFileSync("/var/lib/runcible/engine.log", "utf8");
}

function running(word) {
  return pids(word).length;
}

function pids(word) {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [command = "", ...args] = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return [command, args[0] ?? ""].some((part) => part.includes(word)) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

async function until(condition) {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${condition}`);
    await delay(20);
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
