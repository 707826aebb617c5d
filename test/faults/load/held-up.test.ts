import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { enginePid } from "../support/engine-process";

const engine = useNewEngineOfThisFile();

async function networkAgent(): Promise<number> {
  const processes = await processesOf(engine.stateFolder);
  const agent = processes.find(({ key }) => key.includes("agent-main"));
  if (agent === undefined) throw new TypeError("the engine has no network agent");
  return agent.pid;
}

test("a stop whose cleaning up takes longer than a killed process may is a stop all the same", async () => {
  const { client } = engine;
  const { Id: id } = await client.containers.create({
    ...{ Image: await busyboxImage(), Cmd: ["sleep", "100"], ExposedPorts: { "80/tcp": {} } },
    HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }] } },
  });
  await client.containers.start(id);
  const agent = await networkAgent();
  process.kill(agent, "SIGSTOP");
  let stopped: Promise<void>;
  try {
    stopped = client.containers.stop(id, { timeoutSeconds: 0 });
    stopped.catch(() => {});
    // Longer than the engine waits for a process that was killed; the agent is what keeps the end from being seen.
    await delay(12_000);
    expect((await client.containers.inspect(id)).State.Status).toBe("running");
  } finally {
    process.kill(agent, "SIGCONT");
  }

  await stopped;

  expect((await client.containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
  const log = await readFile(join(engine.stateFolder, "engine.log"), "utf8");
  expect(log).toContain("its ports, network and cgroup to be released");
  await client.containers.remove(id);
});

test("a stop is one although what runc keeps of the container cannot be removed", async () => {
  const { client, stateFolder } = engine;
  const { Id: id } = await client.containers.create({ Image: await busyboxImage(), Cmd: ["sleep", "100"] });
  await client.containers.start(id);
  const folder = join(stateFolder, "run/runc", id);
  const inEngine = async (script: string): Promise<unknown> =>
    await run("nsenter", [...["--target", String(await enginePid(stateFolder)), "--mount"], ...["sh", "-c", script]]);
  await inEngine(`mkdir ${folder}/held && mount -t tmpfs none ${folder}/held`);
  try {
    await client.containers.stop(id, { timeoutSeconds: 0 });
    expect((await client.containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
  } finally {
    await inEngine(`umount ${folder}/held; rm -rf ${folder}`);
  }
  await client.containers.remove(id);
});
