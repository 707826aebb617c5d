import { afterAll, beforeAll, expect, test } from "vitest";
import { deferred } from "../../../src/internal/deferred";
import type { PullProgress } from "../../../src/runtime/pull";
import { type FaultProxy, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller } from "../../support/registry/test-puller";

const bottom = noiseLayer("bottom", 300_000);
const top = noiseLayer("top", 700_000);
let registry: TestRegistry;

beforeAll(async () => {
  registry = await startRegistry();
  await pushLayers(registry, "app/one:1", [bottom, top]);
  await pushLayers(registry, "app/two:1", [bottom, noiseLayer("other", 10_000)]);
});
afterAll(() => registry[Symbol.asyncDispose]());

const blobsAsked = ({ seen }: FaultProxy): string[] =>
  seen.filter(({ path }) => path.includes("/blobs/")).map(({ path }) => path.replace(/^.*\//, ""));

test.each([
  ["OCI", ["--format", "oci"]],
  ["Docker schema 2", ["--format", "v2s2"]],
  ["zstd", ["--format", "oci", "--dest-compress-format", "zstd"]],
])("an image in the form %s is pulled and unpacked", async (form, flags) => {
  const target = `forms/${form.toLowerCase().replace(/ /g, "-")}:1`;
  await pushLayers(registry, target, [bottom, top], flags);
  await using store = await openTestPuller();
  const result = await store.pull(`${registry.host}/${target}`);
  expect(result.isNew).toBe(true);
  expect(result.image.tags).toEqual([`${registry.host}/${target}`]);
  expect((await store.fileOf(result, "top")).equals(top.content)).toBe(true);
  expect(await store.leftovers()).toEqual([]);
});

test("the second pull finds the image up to date and fetches no blob", async () => {
  await using proxy = await startFaultProxy({ url: registry.url });
  await using store = await openTestPuller();
  const first = await store.pull(`${proxy.host}/app/one:1`);
  const asked = blobsAsked(proxy).length;
  const events: PullProgress[] = [];
  const second = await store.pull(`${proxy.host}/app/one:1`, { onProgress: (event) => events.push(event) });
  expect(second).toMatchObject({ isNew: false, digest: first.digest });
  expect(blobsAsked(proxy)).toHaveLength(asked);
  expect(events.map(({ phase }) => phase)).toEqual(["exists", "exists"]);
});

test("an image pulled by digest has that digest and no tag", async () => {
  await using store = await openTestPuller();
  const { digest } = await store.pull(`${registry.host}/app/one:1`);
  await using other = await openTestPuller();
  const { image } = await other.pull(`${registry.host}/app/one@${digest}`);
  expect(image.tags).toEqual([]);
  expect(image.repoDigests).toEqual([`${registry.host}/app/one@${digest}`]);
});

test("a layer that two images share is fetched once, also by pulls at the same time", async () => {
  await using proxy = await startFaultProxy({ url: registry.url });
  await using store = await openTestPuller();
  await Promise.all([
    store.pull(`${proxy.host}/app/one:1`),
    store.pull(`${proxy.host}/app/two:1`),
    store.pull(`${proxy.host}/app/one:1`),
  ]);
  const layers = [...proxy.sent].filter(([, bytes]) => bytes > 5_000).map(([path]) => path.replace(/^.*\//, ""));
  expect(new Set(layers).size).toBe(layers.length);
  expect(layers).toHaveLength(3);
  const asked = blobsAsked(proxy).filter((digest) => layers.includes(digest));
  expect(asked).toHaveLength(3);
});

test("when one of two pulls is cancelled the other takes over and ends right", async () => {
  const cancel = new AbortController();
  const reached = deferred();
  await pushLayers(registry, "app/big:1", [top]);
  let stalled = 0;
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: async ({ path, headers }) => {
      const isLayer = path.includes("/blobs/") && (await sizeAt(path)) > 500_000;
      if (!isLayer || headers.range !== undefined || stalled > 0) return undefined;
      stalled += 1;
      return { kind: "stall", afterBytes: 1_000 };
    },
  });
  await using store = await openTestPuller();
  const onDownload = ({ phase }: PullProgress): void => {
    if (phase === "downloading") reached.resolve();
  };
  const first = store.pull(`${proxy.host}/app/big:1`, { signal: cancel.signal, onProgress: onDownload });
  await reached.promise;
  const second = store.pull(`${proxy.host}/app/big:1`, { onResolved: () => cancel.abort() });
  await expect(first).rejects.toMatchObject({ code: "aborted" });
  expect((await store.fileOf(await second, "top")).equals(top.content)).toBe(true);
  expect(await store.leftovers()).toEqual([]);
});

async function sizeAt(path: string): Promise<number> {
  const response = await fetch(`${registry.url}${path}`, { method: "HEAD" });
  return Number(response.headers.get("content-length"));
}

test("a pull tells each layer's way from waiting to done", async () => {
  await using store = await openTestPuller();
  const events: PullProgress[] = [];
  await store.pull(`${registry.host}/app/one:1`, { onProgress: (event) => events.push(event) });
  const layer = events[1]?.layer;
  const own = events.filter((event) => event.layer === layer);
  const phases = own.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);
  expect(phases).toEqual(["waiting", "downloading", "verifying", "downloaded", "extracting", "done"]);
  const last = own.findLast(({ phase }) => phase === "downloading");
  expect(last?.current).toBe(last?.total);
});
