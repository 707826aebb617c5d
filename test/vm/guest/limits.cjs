// What becomes of a container's limits on this machine, for whoever runs it; the answer as JSON.
const { readFileSync } = require("node:fs");
const { setTimeout: delay } = require("node:timers/promises");
const { connect } = require("../../../build/client/connect.js");
const { GenericContainer, getContainerRuntimeClient, Wait } = require("../../../build/index.js");
const { busybox, filesOf, groupOf } = require("./containers.cjs");

const mebibyte = 1024 * 1024;
const hog = ["busybox", "sh", "-c", "x=aaaaaaaa; while :; do x=$x$x; done"];
const forks = ["busybox", "sh", "-c", "for i in $(busybox seq 60); do busybox sleep 100 & done; wait"];
const busy = ["busybox", "sh", "-c", "while :; do :; done"];

async function main() {
  const { client } = await connect();
  const docker = (await getContainerRuntimeClient()).container.dockerode;
  const image = await busybox(client);
  const limits = { Memory: 64 * mebibyte, NanoCpus: 5e8, PidsLimit: 32 };
  const answer = {};

  const { Id: id, Warnings } = await client.containers.create({ Image: image, Cmd: busy, HostConfig: limits });
  await client.containers.start(id);
  answer.warnings = Warnings;
  const group = groupOf(id);
  if (group !== undefined) {
    answer.group = group;
    const files = ["memory.max", "cpu.max", "pids.max"];
    answer.files = filesOf(group, files);
    answer.throttled = await holds(() => /nr_throttled [1-9]/.test(filesOf(group, ["cpu.stat"])["cpu.stat"]));
    const [pid] = readFileSync(`${group}/cgroup.procs`, "utf8").split("\n");
    answer.profile = profileOf(pid);
    await docker.getContainer(id).update({ Memory: 96 * mebibyte, MemorySwap: -1, NanoCpus: 25e7, PidsLimit: 48 });
    answer.updated = filesOf(group, files);
  }
  const stats = await docker.getContainer(id).stats({ stream: false });
  answer.stats = {
    limit: stats.memory_stats.limit,
    pids: stats.pids_stats.current,
    usesMemory: stats.memory_stats.usage > 0,
  };
  await client.containers.pause(id);
  answer.paused = (await client.containers.inspect(id)).State.Status;
  if (group !== undefined) answer.frozen = filesOf(group, ["cgroup.events"])["cgroup.events"];
  await client.containers.unpause(id);
  answer.resumed = (await client.containers.inspect(id)).State.Status;
  const exec = await client.exec.create(id, { Cmd: ["busybox", "cat", "/proc/1/cgroup"], AttachStdout: true });
  let seen = "";
  for await (const chunk of await client.exec.start(exec.Id)) seen += chunk;
  answer.seenInside = seen.trim();
  await client.containers.remove(id, { force: true });

  if (group !== undefined) {
    answer.error = await new GenericContainer(image)
      .withResourcesQuota({ memory: 0.03125 })
      .withCommand(hog)
      .withWaitStrategy(Wait.forLogMessage("never said"))
      .start()
      .then(
        () => "it started",
        ({ message }) => message,
      );
    const forking = await client.containers.create({ Image: image, Cmd: forks, HostConfig: { PidsLimit: 20 } });
    await client.containers.start(forking.Id);
    const groupOfForks = groupOf(forking.Id);
    answer.forksRefused = await holds(() => /max [1-9]/.test(filesOf(groupOfForks, ["pids.events"])["pids.events"]));
    await client.containers.remove(forking.Id, { force: true });
    answer.groupsLeft = [id, forking.Id].map(groupOf).filter((path) => path !== undefined);
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.exit(0);
}

function profileOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/attr/current`, "utf8").trim();
  } catch {
    return undefined;
  }
}

async function holds(condition) {
  for (let tries = 0; tries < 6000; tries++) {
    if (condition()) return true;
    await delay(100);
  }
  return false;
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
