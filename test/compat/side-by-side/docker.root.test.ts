import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { run } from "../../../src/internal/exec";
import { startDockerOn } from "../../support/docker";
import { startEngineOn } from "../../support/engine-on";
import { saveTestImage } from "../../support/images";
import { openNamespace } from "../../support/network/namespace";
import { type OtherMachine, startOtherMachine } from "../../support/network/other-machine";
import { rootTest } from "../../support/run-as";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-side-"));
  await saveTestImage("busybox", "bb:latest", join(folder, "image.tar"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Daemon extends AsyncDisposable {
  docker(...args: readonly string[]): Promise<string>;
}

/**
 * A machine where nothing is forwarded yet: the first daemon turns that on, and Docker closes the way for all others
 * then.
 */
async function startMachine(): Promise<{ readonly machine: string; readonly other: OtherMachine }> {
  const namespace = await openNamespace("echo 0 > /proc/sys/net/ipv4/ip_forward;");
  onTestFinished(() => namespace[Symbol.asyncDispose]());
  const other = await startOtherMachine(namespace.path);
  onTestFinished(() => other[Symbol.asyncDispose]());
  return { machine: namespace.path, other };
}

async function withImage<D extends Daemon>(starting: Promise<D>): Promise<D> {
  const daemon = await starting;
  onTestFinished(() => daemon[Symbol.asyncDispose]());
  await daemon.docker("load", "-i", join(folder, "image.tar"));
  return daemon;
}

async function askOther({ docker }: Daemon, { address }: OtherMachine): Promise<string> {
  const script = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${address} 80 | tail -n 1`;
  return await docker("run", "--rm", "bb", "sh", "-c", script);
}

/** Rules of every kind, Docker's own among them. */
async function rulesOn(machine: string): Promise<string> {
  return (await run("nsenter", [`--net=${machine}`, "--", "nft", "list", "ruleset"])).stdout;
}

rootTest(
  "beside a Docker that was there first, containers of both reach another machine",
  "a Docker daemon needs root",
  async () => {
    const { machine, other } = await startMachine();
    const docker = await withImage(startDockerOn(machine));
    const engine = await withImage(startEngineOn(machine));
    expect(await rulesOn(machine)).toMatch(/chain FORWARD \{\s+type filter hook forward priority filter; policy drop;/);

    expect(await askOther(engine, other)).toBe(other.neighbour);
    expect(await askOther(docker, other)).toBe(other.neighbour);

    await engine[Symbol.asyncDispose]();
    expect(await rulesOn(machine)).not.toMatch(/runcible|"rc/);
    expect(await askOther(docker, other)).toBe(other.neighbour);
  },
);

rootTest(
  "a Docker that comes later, and comes again, leaves the engine its way out",
  "a Docker daemon needs root",
  async () => {
    const { machine, other } = await startMachine();
    const engine = await withImage(startEngineOn(machine));
    const first = await withImage(startDockerOn(machine));
    expect(await askOther(engine, other)).toBe(other.neighbour);
    expect(await askOther(first, other)).toBe(other.neighbour);

    await first[Symbol.asyncDispose]();
    await using _second = await startDockerOn(machine);
    expect(await askOther(engine, other)).toBe(other.neighbour);

    await engine[Symbol.asyncDispose]();
    expect(await rulesOn(machine)).not.toMatch(/runcible|"rc/);
  },
);

rootTest("when Docker starts anew its rules for the engine are still there", "a Docker daemon needs root", async () => {
  const { machine, other } = await startMachine();
  await (await startDockerOn(machine))[Symbol.asyncDispose]();
  const engine = await withImage(startEngineOn(machine));
  expect(await askOther(engine, other)).toBe(other.neighbour);

  await using _docker = await startDockerOn(machine);
  expect(await askOther(engine, other)).toBe(other.neighbour);
});

rootTest(
  "rules of an engine that was killed with its supervisor go when the next one starts",
  "a Docker daemon needs root",
  async () => {
    const { machine, other } = await startMachine();
    await using _docker = await startDockerOn(machine);
    const killed = await startEngineOn(machine, await mkdtemp(join(folder, "state-")));
    await killed.kill();
    expect(await rulesOn(machine)).toContain('"rc');

    const next = await withImage(startEngineOn(machine));
    const links = (await rulesOn(machine)).match(/"rc[0-9a-f]{8}"/g);
    expect(new Set(links).size).toBe(1);
    expect(await askOther(next, other)).toBe(other.neighbour);
  },
);

rootTest(
  "a firewall that drops what it does not know lets the engine's containers through while the engine runs",
  "a Docker daemon needs root",
  async () => {
    const { machine, other } = await startMachine();
    await run("nsenter", [`--net=${machine}`, "--", "iptables", "-P", "FORWARD", "DROP"]);
    const engine = await withImage(startEngineOn(machine));
    expect(await askOther(engine, other)).toBe(other.neighbour);

    await engine[Symbol.asyncDispose]();
    expect(await rulesOn(machine)).not.toMatch(/runcible|"rc/);
  },
);
