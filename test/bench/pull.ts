import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/client/connect";
import { run } from "../../src/internal/exec";
import { startDocker, type TestDocker } from "../support/docker";
import { useTestEngine } from "../support/engine";
import { addLayers } from "./many-layers";
import { repeat, row, timed } from "./measure";
import type { Section } from "./section";

const runs = 3;
const layerCount = 8;
const filesPerLayer = 500;
const fileSizeBytes = 100_000;

/** A 400 MB image from the same registry on loopback, into an empty store each time. */
export async function measurePull(registry: {
  readonly host: string;
  readonly skopeoFlags: readonly string[];
}): Promise<Section> {
  const name = `${registry.host}/bench/large`;
  await pushLargeImage(name, registry.skopeoFlags);
  await using daemon = await startDocker();
  // In turns, so that whatever else the machine does meets both alike.
  const times = await repeat(runs, async () => ({
    ours: await pullOnce(name),
    docker: daemon === undefined ? undefined : await pullByDocker(daemon, name),
  }));
  const docker = times.flatMap((time) => time.docker ?? []);
  return {
    title: "Pull and unpack a 400 MB image",
    note: `${layerCount} layers of ${filesPerLayer} files from a registry on loopback, into an empty store.`,
    rows: [
      row(
        "runcible",
        times.map(({ ours }) => ours),
      ),
      ...(docker.length === 0 ? [] : [row("`docker pull`", docker)]),
    ],
  };
}

async function pullOnce(name: string): Promise<number> {
  await using _engine = await useTestEngine();
  const { client } = await connect();
  const { ms } = await timed(() => client.images.pull({ name, tag: "latest" }));
  client.close();
  return ms;
}

async function pullByDocker(daemon: TestDocker, name: string): Promise<number> {
  const { ms } = await timed(() => daemon.docker("pull", "--quiet", name));
  await daemon.docker("image", "rm", "--force", name);
  return ms;
}

async function pushLargeImage(name: string, skopeoFlags: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-bench-"));
  try {
    const layers: string[] = [];
    for (let layer = 0; layer < layerCount; layer += 1) layers.push(await makeLayer(folder, layer));
    const layout = await addLayers(folder, layers);
    const to = `docker://${name}:latest`;
    await run("skopeo", ["--insecure-policy", "copy", "--quiet", ...skopeoFlags, `oci:${layout}:image`, to], {
      timeoutMs: 300_000,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Half of each file is noise and half is not, as with programs. */
async function makeLayer(folder: string, layer: number): Promise<string> {
  const path = join(folder, `layer-${layer}`);
  await mkdir(join(path, `data-${layer}`), { recursive: true });
  for (let file = 0; file < filesPerLayer; file += 1) {
    const content = Buffer.concat([randomBytes(fileSizeBytes / 2), Buffer.alloc(fileSizeBytes / 2, `${file} `)]);
    await writeFile(join(path, `data-${layer}`, `file-${file}`), content);
  }
  return path;
}
