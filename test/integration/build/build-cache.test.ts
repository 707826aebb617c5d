import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BuildCache, type BuildCacheLimits, stepKey } from "../../../src/build/execute/build-cache";
import { type ImageStore, openImageStore } from "../../../src/runtime/image/image-store";
import { type LayerStore, openLayerStore } from "../../../src/runtime/layer/layer-store";

let folder: string;
let stores: { readonly images: ImageStore; readonly layers: LayerStore };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-cache-"));
  const images = await openImageStore(join(folder, "images"));
  stores = { images, layers: await openLayerStore(join(folder, "layers")) };
});
afterEach(() => rm(folder, { recursive: true }));

const steps = (): string => join(folder, "steps");

function open(limits: Partial<BuildCacheLimits> = {}): Promise<BuildCache> {
  return BuildCache.open(steps(), stores, limits);
}

async function step(cache: BuildCache, name: string, sizeBytes: number): Promise<boolean> {
  const { isCached } = await cache.step({
    key: stepKey(name),
    isCacheUsed: true,
    lease: stores.images.lease(),
    signal: new AbortController().signal,
    make: async () => ({ created: "2026-01-01T00:00:00Z", sizeBytes }),
  });
  return isCached;
}

function sizeOf(cache: BuildCache): number {
  return cache.steps().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

test("a cache never takes more than its bytes; those used longest ago go", async () => {
  const cache = await open({ bytes: 1000 });
  for (const name of ["a", "b", "c", "d", "e"]) {
    await step(cache, name, 300);
    expect(sizeOf(cache)).toBeLessThanOrEqual(1000);
  }

  expect(await step(cache, "e", 300)).toBe(true);
  expect(await step(cache, "a", 300)).toBe(false);
  expect(await readdir(steps())).toHaveLength(cache.steps().length);
});

test("a cache never has more steps than it may", async () => {
  const cache = await open({ steps: 3 });
  for (let index = 0; index < 10; index++) await step(cache, `step ${index}`, 0);

  expect(cache.steps()).toHaveLength(3);
  expect(await readdir(steps())).toHaveLength(3);
});

test("a prune takes what is chosen, used longest ago first, until little enough is left", async () => {
  const cache = await open();
  for (const name of ["a", "b", "c", "d"]) await step(cache, name, 300);
  await step(cache, "a", 300);
  const takesStep = ({ id }: { readonly id: string }): boolean => id !== stepKey("c");

  expect(await cache.prune({ takesStep, keepBytes: 700 })).toHaveLength(2);
  expect(cache.steps()).toHaveLength(2);
  expect(await cache.prune({ takesStep: () => false })).toEqual([]);
  expect(await cache.prune({ takesStep })).toHaveLength(1);
  expect(cache.steps().map(({ id }) => id)).toEqual([stepKey("c")]);
  expect(await readdir(steps())).toEqual([`${stepKey("c")}.json`]);
});

test("a step larger than the whole cache is made, and not kept", async () => {
  const cache = await open({ bytes: 1000 });

  expect(await step(cache, "huge", 5000)).toBe(false);

  expect(sizeOf(cache)).toBeLessThanOrEqual(1000);
});

test("the next engine knows what was used last, and keeps to a smaller bound", async () => {
  const first = await open();
  for (const name of ["a", "b", "c"]) await step(first, name, 300);
  // What a machine whose clock is coarse would not tell apart.
  for (const [index, name] of ["b", "c", "a"].entries()) {
    await utimes(join(steps(), `${stepKey(name)}.json`), 1000 + index, 1000 + index);
  }

  const next = await open({ bytes: 700 });
  expect(next.steps().map(({ id }) => id)).toEqual(["b", "c", "a"].map(stepKey));
  await step(next, "d", 300);

  expect(next.steps().map(({ id }) => id)).toEqual(["a", "d"].map(stepKey));
});
