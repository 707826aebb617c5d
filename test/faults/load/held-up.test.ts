import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";
import { enginePid } from "../support/engine-process";

const engine = useNewEngineOfThisFile();

async function processWith(text: string): Promise<number> {
  const process = (await processesOf(engine.stateFolder)).find(({ key }) => key.includes(text));
  if (process === undefined) throw new TypeError(`the engine has no process ${text}`);
  return process.pid;
}

/** With a port, which takes the network agent to be released. */
async function startedContainer(script: string): Promise<string> {
  const { client } = engine;
  const { Id } = await client.containers.create({
    ...{ Image: await busyboxImage(), Cmd: ["sh", "-c", script], ExposedPorts: { "80/tcp": {} } },
    HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }] } },
  });
  await client.containers.start(Id);
  return Id;
}

const endings = (ids: readonly [string, string]): readonly [Promise<void>, Promise<void>] => [
  engine.client.containers.stop(ids[0], { timeoutSeconds: 0 }),
  engine.client.containers.kill(ids[1]),
];

test("a stop and a kill whose cleaning up takes longer than a killed process may are both done in the end", async () => {
  const { client, stateFolder } = engine;
  const ids = [await startedContainer("exec sleep 100"), await startedContainer("exec sleep 100")] as const;
  const linesOfHeldUp = async (): Promise<number> => {
    const log = await readFile(join(stateFolder, "engine.log"), "utf8");
    return log.split("\n").filter((line) => line.includes("its ports, network and cgroup to be released")).length;
  };
  const agent = await processWith("agent-main");
  process.kill(agent, "SIGSTOP");
  let ended: Promise<unknown>;
  try {
    ended = Promise.allSettled(endings(ids));
    // Ten seconds later: the agent is what keeps the ends from being seen.
    expect(await waitUntil(async () => (await linesOfHeldUp()) === 2, 60_000)).toBe(true);
    for (const id of ids) expect((await client.containers.inspect(id)).State.Status).toBe("running");
  } finally {
    killIfThere(agent, "SIGCONT");
  }

  expect(await ended).toEqual(ids.map(() => ({ status: "fulfilled", value: undefined })));

  for (const id of ids) {
    expect((await client.containers.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
    await client.containers.remove(id);
  }
});

/** PTRACE_SEIZE of ptrace(2): what is traced stays until its tracer has heard of its end, which this one never does. */
const trace = `my $call = { x86_64 => 101, aarch64 => 117 }->{$ARGV[0]};
syscall($call, 0x4206, int($ARGV[1]), 0, 0) == 0 or die "$!";
$| = 1; print "traced\\n"; sleep 600`;

test("a stop and a kill of processes that outlive SIGKILL say so", async () => {
  const { client } = engine;
  const seconds = [86_398, 86_399] as const;
  const ids = [await startedContainer(scriptOf(seconds[0])), await startedContainer(scriptOf(seconds[1]))] as const;
  const { stdout: machine } = await run("uname", ["-m"]);
  const tracers: ChildProcess[] = [];
  const endTracers = (): void => tracers.forEach((tracer) => void tracer.kill("SIGKILL"));
  onTestFinished(endTracers);
  for (const one of seconds) {
    // The first process of a pid namespace stays until all others of it have gone.
    const pid = await processWith(`) sleep ${one}`);
    const tracer = spawn("perl", ["-e", trace, machine.trim(), String(pid)], { stdio: ["ignore", "pipe", "inherit"] });
    tracers.push(tracer);
    await once(tracer.stdout, "data");
  }

  const [stopped, killed] = await Promise.allSettled(endings(ids));

  const reason = "process \\d+ was killed, but is still there after 10 s";
  expect(stopped).toMatchObject({
    reason: { code: "timeout", message: expect.stringMatching(`stop container .*${reason}`) },
  });
  expect(killed).toMatchObject({
    reason: { code: "timeout", message: expect.stringMatching(`kill container .*${reason}`) },
  });
  endTracers();
  for (const id of ids) {
    expect((await client.containers.wait(id)).StatusCode).toBe(137);
    await client.containers.remove(id);
  }
});

function scriptOf(seconds: number): string {
  return `sleep ${seconds} & wait`;
}

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
