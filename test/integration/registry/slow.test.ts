import { afterAll, beforeAll, expect, test } from "vitest";
import { type Fault, type SeenRequest, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller } from "../../support/registry/test-puller";

const layer = noiseLayer("noise", 700_000);
let registry: TestRegistry;
let configPath: string;
let layerPath: string;

beforeAll(async () => {
  registry = await startRegistry();
  await pushLayers(registry, "app:1", [layer]);
  const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
  const answer = await fetch(`${registry.url}/v2/app/manifests/1`, { headers });
  const manifest = (await answer.json()) as { config: { digest: string }; layers: readonly { digest: string }[] };
  configPath = `/v2/app/blobs/${manifest.config.digest}`;
  layerPath = `/v2/app/blobs/${manifest.layers[0]?.digest}`;
});
afterAll(() => registry[Symbol.asyncDispose]());

/** Never silent for long, and never done. */
const trickle = (afterBytes: number): Fault => ({ kind: "trickle", afterBytes, everyMs: 5 });
/** 200 bytes in 200 ms of waiting: the trickle has 40, and whatever else comes is more. */
const impatient = { slowAfterMs: 200, leastBytesPerSecond: 1000 };

test("a manifest that trickles in is not waited for, and the error says what else can be done", async () => {
  const fault = ({ path }: SeenRequest): Fault | undefined => (path.includes("/manifests/") ? trickle(0) : undefined);
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller({ answerTimeoutMs: 200 });

  await expect(store.pull(`${proxy.host}/app:1`)).rejects.toMatchObject({
    code: "registry-slow",
    message: `ask registry ${proxy.host}: its answer was not complete after 0.2 s; try again later, or use a mirror (registries.conf, RUNCIBLE_REGISTRY_MIRRORS)`,
  });

  expect(proxy.seen.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(1);
});

test("a token that trickles in is not waited for", async () => {
  let host = "";
  const fault = ({ path }: SeenRequest): Fault | undefined => {
    if (path.startsWith("/token")) return trickle(0);
    const headers = { "www-authenticate": `Bearer realm="http://${host}/token"` };
    return { kind: "answer", status: 401, headers };
  };
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  ({ host } = proxy);
  await using store = await openTestPuller({ answerTimeoutMs: 50 });

  await expect(store.pull(`${proxy.host}/app:1`)).rejects.toMatchObject({ code: "registry-slow" });

  expect(proxy.seen.filter(({ path }) => path.startsWith("/token"))).toHaveLength(1);
});

test.each([
  ["layer", () => layerPath, 250_000],
  ["config", () => configPath, 10],
] as const)(
  "a %s that comes to trickle is given up on the second connection, and not before",
  async (_what, path, afterBytes) => {
    const isSlow = (request: SeenRequest): boolean => request.path === path();
    const fault = (request: SeenRequest): Fault | undefined => (isSlow(request) ? trickle(afterBytes) : undefined);
    await using proxy = await startFaultProxy({ url: registry.url, fault });
    await using store = await openTestPuller(impatient);

    await expect(store.pull(`${proxy.host}/app:1`)).rejects.toMatchObject({
      code: "registry-slow",
      message: expect.stringContaining("it sends less than 1000 bytes a second; try again later, or use a mirror"),
    });

    expect(proxy.seen.filter(isSlow)).toHaveLength(2);
  },
);

test.each([
  ["breaks off", { kind: "reset", afterBytes: 10 }, { retryDelayMs: 20, slowAfterMs: 100 }],
  // What a busy machine takes to answer is no silence.
  ["falls silent", { kind: "stall", afterBytes: 10 }, { idleTimeoutMs: 500, slowAfterMs: 500 }],
] as const)("a registry that sends a little on each connection and %s is given up", async (_what, fault, settings) => {
  const onLayer = ({ path }: SeenRequest): Fault | undefined => (path === layerPath ? fault : undefined);
  await using proxy = await startFaultProxy({ url: registry.url, fault: onLayer });
  await using store = await openTestPuller({ ...settings, leastBytesPerSecond: 100_000 });

  await expect(store.pull(`${proxy.host}/app:1`)).rejects.toMatchObject({
    code: "registry-slow",
    message: expect.stringContaining("it sends less than 100000 bytes a second"),
  });
});

test("a layer that trickles on one connection is brought on by another, from where it was", async () => {
  let count = 0;
  const fault = ({ path }: SeenRequest): Fault | undefined =>
    path === layerPath && count++ === 0 ? trickle(250_000) : undefined;
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  await using store = await openTestPuller(impatient);

  const result = await store.pull(`${proxy.host}/app:1`);

  expect((await store.fileOf(result, "noise")).equals(layer.content)).toBe(true);
  const [, { headers: { range } = {} } = {}] = proxy.seen.filter(({ path }) => path === layerPath);
  expect(range).toMatch(/^bytes=25\d{4}-$/);
});
