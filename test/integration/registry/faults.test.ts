import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deferred } from "../../../src/internal/deferred";
import { freePort } from "../../support/free-port";
import { type Answer, type Fault, type SeenRequest, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller, type TestPuller } from "../../support/registry/test-puller";

const layer = noiseLayer("noise", 700_000);
let registry: TestRegistry;
let layerPath: string;

beforeAll(async () => {
  registry = await startRegistry();
  await pushLayers(registry, "app/one:1", [layer]);
  const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
  const manifest = await (await fetch(`${registry.url}/v2/app/one/manifests/1`, { headers })).json();
  layerPath = `/v2/app/one/blobs/${(manifest as { layers: { digest: string }[] }).layers[0]?.digest}`;
});
afterAll(() => registry[Symbol.asyncDispose]());

/** Applies a fault to the first `times` requests for the layer. */
function toLayer(fault: Fault, times: number = Number.POSITIVE_INFINITY): (request: SeenRequest) => Fault | undefined {
  let count = 0;
  return ({ path }) => (path === layerPath && count++ < times ? fault : undefined);
}

function changed(change: (answer: Answer) => Answer): Fault {
  return { kind: "change", change };
}

function withoutLength({ "content-length": _, ...others }: Answer["headers"]): Answer["headers"] {
  return others;
}

async function nothingStored({ folder, leftovers }: TestPuller): Promise<void> {
  expect(await leftovers()).toEqual([]);
  expect(await readdir(join(folder, "layers"))).not.toContainEqual(expect.stringMatching(/^[0-9a-f]{64}$/));
}

test("a download that breaks is taken up where it broke, and no byte is fetched twice", async () => {
  const fault = toLayer({ kind: "reset", afterBytes: 200_000 }, 2);
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();
  const result = await store.pull(`${proxy.host}/app/one:1`);
  expect((await store.fileOf(result, "noise")).equals(layer.content)).toBe(true);
  const asked = proxy.seen.filter(({ path }) => path === layerPath);
  expect(asked.map(({ headers }) => headers.range)).toEqual([undefined, "bytes=200000-", "bytes=400000-"]);
  const manifest = result.image.manifest.layers[0];
  expect(proxy.sent.get(layerPath)).toBe(manifest?.size);
});

test("what arrived of a good layer goes with the image that another layer makes wrong", async () => {
  await pushLayers(registry, "app/two:1", [layer, noiseLayer("wrong", 600_000)]);
  const goodBegan = deferred();
  const flip = changed((answer) => ({ ...answer, body: Buffer.alloc(answer.body.length, 7) }));
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: async ({ path }) => {
      const response = await fetch(`${registry.url}${path}`, { method: "HEAD" });
      if (!path.includes("/blobs/") || Number(response.headers.get("content-length")) < 500_000) return undefined;
      if (path.endsWith(layerPath.slice(-64))) {
        goodBegan.resolve();
        return { kind: "stall", afterBytes: 100_000 };
      }
      await goodBegan.promise;
      return flip;
    },
  });
  await using store = await openTestPuller();

  await expect(store.pull(`${proxy.host}/app/two:1`)).rejects.toMatchObject({ code: "digest-mismatch" });

  expect(await store.leftovers()).toEqual([]);
});

test("a registry that ignores ranges sends everything again, and the layer is right", async () => {
  let count = 0;
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: (request) => {
      if (request.path !== layerPath) return undefined;
      delete request.headers.range;
      return count++ === 0 ? { kind: "reset", afterBytes: 200_000 } : undefined;
    },
  });
  await using store = await openTestPuller();
  expect((await store.fileOf(await store.pull(`${proxy.host}/app/one:1`), "noise")).equals(layer.content)).toBe(true);
});

test.each([429, 500, 502, 503])("status %i for a while is waited out", async (status) => {
  const fault = toLayer({ kind: "answer", status, headers: { "retry-after": "0" } }, 2);
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();
  await store.pull(`${proxy.host}/app/one:1`);
  expect(proxy.seen.filter(({ path }) => path === layerPath)).toHaveLength(3);
});

test.each([0, 100])("a manifest that breaks after %i bytes is asked for again", async (afterBytes) => {
  let count = 0;
  const fault = ({ path }: SeenRequest): Fault | undefined =>
    path.includes("/manifests/") && count++ < 2 ? { kind: "reset", afterBytes } : undefined;
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();
  const result = await store.pull(`${proxy.host}/app/one:1`);
  expect((await store.fileOf(result, "noise")).equals(layer.content)).toBe(true);
});

test("a registry that breaks every manifest is said to be unreachable", async () => {
  const fault = ({ path }: SeenRequest): Fault | undefined =>
    path.includes("/manifests/") ? { kind: "reset", afterBytes: 50 } : undefined;
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();
  await expect(store.pull(`${proxy.host}/app/one:1`)).rejects.toMatchObject({ code: "registry-unreachable" });
});

test("a registry that refuses requests for an hour is not waited for", async () => {
  const fault = (): Fault => ({ kind: "answer", status: 429, headers: { "retry-after": "3600" } });
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();
  await expect(store.pull(`${proxy.host}/app/one:1`)).rejects.toMatchObject({ code: "registry-rate-limited" });
  expect(proxy.seen).toHaveLength(1);
});

test("a registry that always fails is given up after the configured retries", async () => {
  const fault = (): Fault => ({ kind: "answer", status: 500 });
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller({ retries: 2 });
  await expect(store.pull(`${proxy.host}/app/one:1`)).rejects.toMatchObject({ code: "registry-error" });
  expect(proxy.seen).toHaveLength(3);
});

test("wrong bytes are a digest mismatch that names the blob, and nothing of them stays", async () => {
  const fault = toLayer(
    changed((answer) => {
      const body = Buffer.from(answer.body);
      body.fill(0, 300_000, 300_100);
      return { ...answer, body };
    }),
  );
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();
  const digest = layerPath.replace(/^.*\//, "");
  await expect(store.pull(`${proxy.host}/app/one:1`)).rejects.toMatchObject({
    code: "digest-mismatch",
    message: expect.stringContaining(digest),
  });
  await nothingStored(store);
});

const elsewhere = `sha256:${"0".repeat(64)}`;

test.each<[string, (answer: Answer) => Answer]>([
  [
    "another digest is announced",
    (answer) => ({ ...answer, headers: { ...answer.headers, "docker-content-digest": elsewhere } }),
  ],
  [
    "what comes is not what is announced",
    (answer) => ({
      ...answer,
      headers: withoutLength(answer.headers),
      body: Buffer.concat([answer.body, Buffer.from("\n")]),
    }),
  ],
])("a manifest by tag is a digest mismatch when %s", async (_what, change) => {
  const fault = ({ path }: SeenRequest): Fault | undefined =>
    path.endsWith("/manifests/1") ? changed(change) : undefined;
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();

  await expect(store.pull(`${proxy.host}/app/one:1`)).rejects.toMatchObject({
    code: "digest-mismatch",
    message: expect.stringMatching(/announces sha256:\w+ for manifest 1 and sends content of digest sha256:/),
  });
  await nothingStored(store);
});

test.each(["", "sha512:1234"])('a registry that announces "%s" is believed by what it sends', async (announced) => {
  const fault = ({ path }: SeenRequest): Fault | undefined =>
    path.includes("/manifests/")
      ? changed((answer) => ({ ...answer, headers: { ...answer.headers, "docker-content-digest": announced } }))
      : undefined;
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();

  expect((await store.pull(`${proxy.host}/app/one:1`)).image.id).toMatch(/^sha256:/);
});

test.each([
  ["with its length said", false],
  ["in chunks", true],
])("more bytes than announced %s are refused", async (_how, isChunked) => {
  const fault = toLayer(
    changed(({ status, headers, body }) => {
      const longer = Buffer.concat([body, Buffer.alloc(1000)]);
      const { "content-length": _length, ...others } = headers;
      return {
        status,
        body: longer,
        headers: isChunked ? others : { ...others, "content-length": String(longer.length) },
      };
    }),
  );
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller();
  await expect(store.pull(`${proxy.host}/app/one:1`)).rejects.toMatchObject({ code: "size-mismatch" });
  await nothingStored(store);
});

test("a body that ends too early each time is a size mismatch", async () => {
  const fault = toLayer(
    changed(({ status, headers }) => {
      const { "content-length": _length, ...others } = headers;
      return { status, headers: others, body: Buffer.alloc(0) };
    }),
  );
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller({ retries: 2 });
  await expect(store.pull(`${proxy.host}/app/one:1`)).rejects.toMatchObject({ code: "size-mismatch" });
  expect(proxy.seen.filter(({ path }) => path === layerPath)).toHaveLength(3);
});

test("a connection that falls silent counts as broken and is taken up again", async () => {
  const fault = toLayer({ kind: "stall", afterBytes: 250_000 }, 1);
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller({ idleTimeoutMs: 500, retries: 50 });
  const result = await store.pull(`${proxy.host}/app/one:1`);
  expect((await store.fileOf(result, "noise")).equals(layer.content)).toBe(true);
  const [first, ...others] = proxy.seen.filter(({ path }) => path === layerPath).map(({ headers }) => headers.range);
  expect(first).toBeUndefined();
  // Mostly one, from byte 250 000 on; a busy machine may fall silent by itself.
  expect(others).not.toEqual([]);
  for (const range of others) expect(range).toMatch(/^bytes=[1-9]\d*-$/);
});

test("an unknown repository or tag is not found, in Docker's words", async () => {
  await using store = await openTestPuller();
  for (const name of ["app/one:nope", "app/nope:1"]) {
    await expect(store.pull(`${registry.host}/${name}`)).rejects.toMatchObject({
      code: "image-exists-nowhere",
      kind: "not-found",
      message: expect.stringContaining(`manifest for ${registry.host}/${name} not found: manifest unknown`),
    });
  }
});

test("a registry that is down is unreachable after one more try", async () => {
  const host = `127.0.0.1:${await freePort()}`;
  await using store = await openTestPuller({ retries: 1000 });
  await expect(store.pull(`${host}/app/one:1`)).rejects.toMatchObject({
    code: "registry-unreachable",
    message: expect.stringContaining(`reach registry ${host}: connection refused`),
  });
});
