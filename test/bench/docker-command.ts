import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/client/connect";
import { run } from "../../src/internal/exec";
import { startDocker } from "../support/docker";
import { useTestEngine } from "../support/engine";
import { loadTestImages } from "../support/load-test-images";
import { median, repeat, row, timed } from "./measure";
import type { Section } from "./section";

const runs = 3;
const folderCount = 160;
const filesPerFolder = 10;
const writtenMegabytes = 200;
const lineCount = 1_000_000;

/** A line of a shell, which is measured, and what is done before it and is not. `$FILES` is a folder. */
interface Task {
  readonly name: string;
  readonly before: string;
  readonly script: string;
}

const build = "docker build --quiet --tag bench:built $FILES";
const sleeper = "docker run --detach --name box --network none bench:box sleep 600";
const filled = `${sleeper}; docker exec box sh -c 'dd if=/dev/urandom of=/big bs=1M count=${writtenMegabytes}'`;
const logged = `docker run --name box --network none bench:box seq ${lineCount}`;

const tasks: readonly Task[] = [
  { name: "exec", before: sleeper, script: "docker exec box true" },
  { name: "build, nothing cached", before: "", script: `${build} --no-cache` },
  { name: "build, all cached", before: build, script: build },
  { name: "files, in", before: sleeper, script: "docker cp $FILES box:/in" },
  { name: "files, out", before: `${sleeper}; docker cp $FILES box:/in`, script: "docker cp box:/in - | wc -c" },
  {
    name: `${writtenMegabytes} MB, in`,
    before: `${filled}; docker cp box:/big $FILES.big`,
    script: "docker cp $FILES.big box:/in",
  },
  { name: `${writtenMegabytes} MB, out`, before: filled, script: "docker cp box:/big - | wc -c" },
  { name: `commit of ${writtenMegabytes} MB`, before: filled, script: "docker commit box bench:kept" },
  { name: "log of a million lines", before: logged, script: "docker logs box | wc -c" },
  { name: "the last ten of them", before: logged, script: "docker logs --tail 10 box" },
];

/** What one does with the docker command line, which is the same on both. Docker's own comes without a bridge. */
export async function measureDockerCommand(): Promise<Section> {
  await using engine = await useTestEngine();
  (await connect()).client.close();
  await using docker = await startDocker();
  if (docker === undefined) throw new TypeError("dockerd did not come up; .ci/setup test installs it");
  const folder = await mkdtemp(join(tmpdir(), "runcible-bench-"));
  try {
    const files = join(folder, "files");
    await makeFiles(files);
    const hosts = [`unix://${join(engine.stateFolder, "engine.sock")}`, docker.host];
    await loadTestImages(hosts, { "bench:box": "busybox" });
    const rows: string[] = [];
    for (const task of tasks) {
      // In turns, so that whatever else the machine does meets both alike.
      const times = await repeat(
        runs,
        async () => [await timeOf(task, hosts[0] ?? "", files), await timeOf(task, hosts[1] ?? "", files)] as const,
      );
      const [ours, theirs] = [times.map(([time]) => time), times.map(([, time]) => time)];
      const ratio = (median(ours) / median(theirs)).toFixed(2);
      rows.push(row(`${task.name}: runcible (${ratio} × Docker)`, ours), row(`${task.name}: Docker`, theirs));
    }
    return {
      title: "The docker command line, on this engine and on Docker",
      note: `The classic builder; ${folderCount * filesPerFolder} files in ${folderCount} folders, 1 to 30 kB each.`,
      rows,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeOf({ before, script }: Task, host: string, files: string): Promise<number> {
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: "0", FILES: files };
  const sh = (text: string) => run("sh", ["-c", text], { env, timeoutMs: 300_000 });
  await sh(before);
  const { ms } = await timed(() => sh(script));
  await sh("docker rm --force box; docker image rm --force bench:kept; true");
  return ms;
}

async function makeFiles(folder: string): Promise<void> {
  for (let number = 0; number < folderCount; number += 1) {
    const inner = join(folder, `folder-${number % 13}`, `folder-${number}`);
    await mkdir(inner, { recursive: true });
    for (let file = 0; file < filesPerFolder; file += 1) {
      await writeFile(
        join(inner, `file-${file}`),
        randomBytes(1000 + ((number * 7 + file) % 30) * 1000).toString("base64"),
      );
    }
  }
  await writeFile(
    join(folder, "Dockerfile"),
    "FROM bench:box\nWORKDIR /app\nCOPY . .\nRUN find . -type f | wc -l > /count\n",
  );
}
