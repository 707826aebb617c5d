import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { run, runUnchecked } from "../../../src/internal/exec";
import { startDockerOn } from "../../support/docker";
import { useTestEngine } from "../../support/engine";
import { loadTestImages } from "../../support/load-test-images";
import { openNamespace } from "../../support/network/namespace";
import { startPodmanOn } from "../../support/podman";
import { rootTest } from "../../support/run-as";

/** Where test processes of users run, and what tells them which daemon to use. */
interface Place extends AsyncDisposable {
  readonly prefix: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Of its Docker API. */
  readonly host: string;
}

async function ownEngine(): Promise<Place> {
  const engine = await useTestEngine({ DOCKER_HOST: "" });
  await run(process.execPath, [join(import.meta.dirname, "../../../build/cli/main.js"), "info"], { env: engine.env });
  return {
    prefix: [],
    env: engine.env,
    host: `unix://${join(engine.stateFolder, "engine.sock")}`,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** On a machine of its own, where the daemon's published ports are. */
async function foreign(start: typeof startDockerOn): Promise<Place> {
  const machine = await openNamespace();
  const { host, [Symbol.asyncDispose]: stop } = await start(machine.path);
  return {
    prefix: ["nsenter", `--net=${machine.path}`, "--"],
    env: { ...process.env, DOCKER_HOST: host, TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: "1s" },
    host,
    async [Symbol.asyncDispose]() {
      await stop();
      await machine[Symbol.asyncDispose]();
    },
  };
}

const images = {
  "bb:latest": "busybox",
  "localhost/socat:1": "socat",
  "testcontainers/ryuk:0.14.0": "reaper",
} as const;
const needsRoot = "a daemon with a bridge needs root";

/** One list for all daemons: what a user does every day gives the same everywhere. */
const expected = {
  ports: { page: "200 root" },
  services: {
    failures: [
      { code: "start-failed", isNamed: true },
      { code: "start-failed", isNamed: true },
    ],
    speaking: "hello\n",
    silent: 2,
  },
  http: { page: "200 root" },
  log: { line: "line 1" },
  health: { files: "ready\n" },
  imageHealth: { files: "ready\n" },
  command: { files: "ready\n" },
  oneShot: { log: "done\n", code: "start-failed" },
  exec: { exitCode: 3, stdout: "red round\n/etc\n65534\n", stderr: "wrong\n" },
  files: {
    stdout: "./content.txt\n./folder/below/two.txt\n./folder/one.txt\n./later.txt\n./one.txt\n600\nlater",
    hasFile: true,
  },
  restart: { begun: "httpd", page: "200 root" },
  stop: { isSame: true, hasFile: true },
  commit: { isId: true, log: "made\n" },
  networks: { page: "root" },
  failures: { missing: true, ended: "start-failed", says: ["exit code 9", "last words"] },
} as const;

/** Podman leaves health checks to systemd's timers, and a machine for tests may have none. */
const needSystemd: readonly string[] = ["health", "imageHealth"];

describe.each([
  ["Runcible", ownEngine],
  ["Docker", () => foreign(startDockerOn)],
  ["Podman", () => foreign(startPodmanOn)],
] as const)("%s", (daemon, open) => {
  let place: Place;
  let folder: string;

  beforeAll(async () => {
    place = await open();
    folder = await mkdtemp(join(tmpdir(), "runcible-everyday-"));
    await loadTestImages([place.host], images);
  });

  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [scenario, seen] of Object.entries(expected)) {
    if (daemon === "Podman" && needSystemd.includes(scenario)) continue;
    rootTest(scenario, needsRoot, async () => {
      const script = [process.execPath, join(import.meta.dirname, "everyday.cjs"), scenario];
      const [program = "", ...args] = [...place.prefix, ...script];
      const env = { ...place.env, TMPDIR: folder };
      const { exitCode, stdout, stderr } = await runUnchecked(program, args, { env, timeoutMs: 120_000 });
      expect(exitCode, stderr).toBe(0);
      expect(JSON.parse(stdout)).toEqual(seen);
    });
  }
});
