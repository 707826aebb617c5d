import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/client/connect";
import { run } from "../../src/internal/exec";
import { npmInstall } from "../compat/packaging/installed-package";
import { builtEntry } from "../support/built-package";
import { startDockerOn } from "../support/docker";
import { useTestEngine } from "../support/engine";
import { loadTestImages } from "../support/load-test-images";
import { openNamespace } from "../support/network/namespace";
import { nodeOfNpm } from "../support/program-of-npm";
import { repeat, row } from "./measure";
import type { Section } from "./section";

/** The version that our contract is of, and a Node that it runs on. */
const [version, nodeVersion] = ["12.1.0", "24.21.0"];
const image = "busybox:bench";
const turns = 3;
const runsOfTurn = 10;

interface Times {
  readonly startMs: number;
  readonly stopMs: number;
}

interface Runs {
  readonly ours: readonly Times[];
  readonly theirs: readonly Times[];
  readonly dockerVersion: string;
}

/** One program of a user's, with this package on its engine and with the original on Docker, in turns. */
export async function measureOriginal(): Promise<Section> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-bench-"));
  try {
    const program = join(folder, "start-and-stop.cjs");
    await cp(join(import.meta.dirname, "start-and-stop.cjs"), program);
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true }));
    await npmInstall(folder, [`testcontainers@${version}`]);
    const runs = await measureInTurns(folder, [await nodeOfNpm(nodeVersion), program]);
    const docker = `testcontainers ${version} on Docker ${runs.dockerVersion}`;
    return {
      title: "The same program with `testcontainers` on Docker",
      note: `One program that starts a busybox HTTP server, waits for its port, asks it and stops it, on Node ${nodeVersion}. The original goes without its reaper (TESTCONTAINERS_RYUK_DISABLED), whose image is not to be had here; with it, each process starts one more container.`,
      rows: [
        row(
          "start, runcible",
          runs.ours.map(({ startMs }) => startMs),
        ),
        row(
          `start, ${docker}`,
          runs.theirs.map(({ startMs }) => startMs),
        ),
        row(
          "stop, runcible",
          runs.ours.map(({ stopMs }) => stopMs),
        ),
        row(
          `stop, ${docker}`,
          runs.theirs.map(({ stopMs }) => stopMs),
        ),
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureInTurns(folder: string, program: readonly string[]): Promise<Runs> {
  await using engine = await useTestEngine({ DOCKER_HOST: "" });
  (await connect()).client.close();
  // Where the daemon's published ports are.
  await using machine = await openNamespace();
  await using daemon = await startDockerOn(machine.path);
  const own = `unix://${join(engine.stateFolder, "engine.sock")}`;
  await loadTestImages([own, daemon.host], { [image]: "busybox" });
  const inside = ["nsenter", `--net=${machine.path}`, "--"];
  const env = { ...process.env, DOCKER_HOST: daemon.host, TESTCONTAINERS_RYUK_DISABLED: "true" };
  const taken = await repeat(turns, async () => ({
    ours: await timesOf([...program, builtEntry], { cwd: folder, env: engine.env }),
    theirs: await timesOf([...inside, ...program, "testcontainers"], { cwd: folder, env }),
  }));
  return {
    ours: taken.flatMap((turn) => turn.ours),
    theirs: taken.flatMap((turn) => turn.theirs),
    dockerVersion: (await daemon.docker("version", "--format", "{{.Server.Version}}")).trim(),
  };
}

async function timesOf(
  [program = "", ...args]: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<readonly Times[]> {
  const { stdout } = await run(program, [...args, image, String(runsOfTurn)], { ...options, timeoutMs: 120_000 });
  return JSON.parse(stdout) as readonly Times[];
}
