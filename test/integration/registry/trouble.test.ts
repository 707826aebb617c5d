import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deferred } from "../../../src/internal/deferred";
import { exitOf, run, spawnTool } from "../../../src/internal/exec";
import { digestOf } from "../../../src/runtime/image/digest";
import { startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller } from "../../support/registry/test-puller";

const layers = ["a", "b", "c"].map((name) => noiseLayer(name, 600_000));
let registry: TestRegistry;

beforeAll(async () => {
  registry = await startRegistry();
  await pushLayers(registry, "app:1", layers);
});
afterAll(() => registry[Symbol.asyncDispose]());

async function pushIndex(): Promise<void> {
  const manifests: object[] = [];
  for (const architecture of ["amd64", "arm64"]) {
    const platform = { os: "linux", architecture };
    await pushLayers(
      registry,
      `many:${architecture}`,
      [noiseLayer(architecture, 1_000)],
      ["--format", "oci"],
      platform,
    );
    const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
    const response = await fetch(`${registry.url}/v2/many/manifests/${architecture}`, { headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    manifests.push({ mediaType: headers.accept, digest: digestOf(bytes), size: bytes.length, platform });
  }
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
  const headers = { "content-type": mediaType };
  await fetch(`${registry.url}/v2/many/manifests/1`, { method: "PUT", headers, body });
}

test("of an index the image of the wanted platform is pulled, and one it lacks is refused", async () => {
  await pushIndex();
  await using store = await openTestPuller();
  const name = `${registry.host}/many:1`;
  const { image } = await store.pull(name, { platform: { os: "linux", architecture: "arm64" } });
  expect(image.config.architecture).toBe("arm64");
  await expect(store.pull(name, { platform: { os: "linux", architecture: "s390x" } })).rejects.toMatchObject({
    code: "platform-unavailable",
    message: expect.stringContaining("it has linux/amd64, linux/arm64"),
  });
});

test("layers are downloaded at the same time, as many as the settings say", async () => {
  let waiting = 0;
  const together = deferred();
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: async ({ path }) => {
      const response = await fetch(`${registry.url}${path}`, { method: "HEAD" });
      if (!path.includes("/blobs/") || Number(response.headers.get("content-length")) < 500_000) return undefined;
      waiting += 1;
      if (waiting === 3) together.resolve();
      // Nobody gets an answer before all three have asked.
      await together.promise;
      return undefined;
    },
  });
  await using store = await openTestPuller({ parallelDownloads: 3 });
  await store.pull(`${proxy.host}/app:1`);
  expect(waiting).toBe(3);
});

test("a full disk is said to be one, and nothing half-done stays", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-full-"));
  await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  try {
    const store = await openTestPuller({ parallelDownloads: 1 }, folder);
    await expect(store.pull(`${registry.host}/app:1`)).rejects.toMatchObject({ code: "disk-full" });
    expect(await store.leftovers()).toEqual([]);
    expect(await store.images.list()).toEqual([]);
  } finally {
    // The tar that found the disk full may still be about to end.
    await run("umount", ["--lazy", folder]);
    await rm(folder, { recursive: true });
  }
});

test("bytes of an earlier attempt that are wrong are fetched anew", async () => {
  await using first = await openTestPuller();
  const { image } = await first.pull(`${registry.host}/app:1`);
  await using store = await openTestPuller();
  for (const descriptor of image.manifest.layers) {
    const ingest = await store.images.blobs.ingest(descriptor);
    await ingest.write(Buffer.alloc(1000, "x"));
    await ingest.suspend();
  }
  const result = await store.pull(`${registry.host}/app:1`);
  expect((await store.fileOf(result, "c")).equals(layers[2]?.content ?? Buffer.of())).toBe(true);
});

test("a layer that cannot be unpacked ends its download", async () => {
  await using proxy = await startFaultProxy({ url: registry.url });
  await using store = await openTestPuller({ parallelDownloads: 1 });
  // Where layers go is gone: unpacking fails at once, whatever arrives.
  await rm(join(store.folder, "layers"), { recursive: true });
  await run("touch", [join(store.folder, "layers")]);
  await expect(store.pull(`${proxy.host}/app:1`)).rejects.toThrow();
  expect(await readdir(join(store.folder, "images", "blobs", "sha256"))).toHaveLength(1);
});

test("after a pulling process was killed a new one ends right", async () => {
  let isFirst = true;
  const arrived = deferred();
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: async ({ path }) => {
      const response = await fetch(`${registry.url}${path}`, { method: "HEAD" });
      const isLayer = path.includes("/blobs/") && Number(response.headers.get("content-length")) > 500_000;
      if (!isLayer || !isFirst) return undefined;
      arrived.resolve();
      return { kind: "stall", afterBytes: 100_000 };
    },
  });
  const folder = await mkdtemp(join(tmpdir(), "runcible-killed-"));
  try {
    const script = join(import.meta.dirname, "pull-process.ts");
    const child = spawnTool("node_modules/.bin/vite-node", [script, folder, `${proxy.host}/app:1`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = exitOf(child, "vite-node");
    await arrived.promise;
    if (child.stdout !== null) await once(child.stdout, "data");
    child.kill("SIGKILL");
    await exited;
    isFirst = false;
    const store = await openTestPuller({}, folder);
    const result = await store.pull(`${proxy.host}/app:1`);
    expect((await store.fileOf(result, "c")).equals(layers[2]?.content ?? Buffer.of())).toBe(true);
    expect(await store.leftovers()).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
