import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorTable } from "../../../src/internal/errors";
import { type Answer, type Fault, type SeenRequest, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller } from "../../support/registry/test-puller";
import { type Random, seededRandom } from "../support/random";
import { faultsOfStore } from "../support/store";

const pulls = 30;
const layers = ["a", "b", "c"].map((name) => noiseLayer(name, 100_000));
const others = ["a", "b", "c"].map((name) => noiseLayer(name, 100_000));
/** A pull that hangs is the worst of all. */
const pullLimitMs = 60_000;

let registry: TestRegistry;

beforeAll(async () => {
  registry = await startRegistry();
  await pushLayers(registry, "app:1", layers);
});

afterAll(() => registry[Symbol.asyncDispose]());

const change = (how: (answer: Answer) => Answer): Fault => ({ kind: "change", change: how });

function flipped({ status, headers, body }: Answer, at: number): Answer {
  const changed = Buffer.from(body);
  if (changed.length > 0) changed.writeUInt8(changed.readUInt8(at % changed.length) ^ 0xff, at % changed.length);
  return { status, headers, body: changed };
}

/** A body of another length than the manifest says, announced truly or not at all. */
function resized({ status, headers, body }: Answer, by: number, isAnnounced: boolean): Answer {
  const other = by < 0 ? body.subarray(0, Math.max(0, body.length + by)) : Buffer.concat([body, Buffer.alloc(by)]);
  const { "content-length": _length, ...rest } = headers;
  return { status, body: other, headers: isAnnounced ? { ...rest, "content-length": String(other.length) } : rest };
}

/** What may befall any answer; `url` is of the registry itself. */
function faultFor(random: Random, request: SeenRequest, url: string): Fault | undefined {
  const at = random.below(110_000);
  const status = random.pick([429, 500, 502, 503]);
  const faults: readonly [() => Fault, ...(() => Fault)[]] = [
    () => ({ kind: "reset", afterBytes: at }),
    () => ({ kind: "reset", afterBytes: 0 }),
    () => ({ kind: "stall", afterBytes: at }),
    () => change((answer) => flipped(answer, at)),
    () => change((answer) => resized(answer, random.pick([-1, -1000, 1, 1000]), at % 2 === 0)),
    () => ({ kind: "answer", status }),
    () => ({ kind: "answer", status, headers: { "retry-after": "0" } }),
    () => ({ kind: "answer", status, headers: { "retry-after": "soon" } }),
    () => ({ kind: "answer", status: 307, headers: { location: `${url}${request.path}` } }),
    () => ({ kind: "answer", status: 302, headers: { location: request.path } }),
    () => ({ kind: "answer", status: 302, headers: { location: "file:///etc/passwd" } }),
    () => ({ kind: "answer", status: 302 }),
    () => change((answer) => ({ ...answer, headers: { ...answer.headers, "content-type": "text/html" } })),
    () => change((answer) => ({ ...answer, headers: { ...answer.headers, "docker-content-digest": "sha256:0" } })),
  ];
  return random.below(100) < 35 ? random.pick(faults)() : undefined;
}

test(`${pulls} pulls from a registry that breaks at random bring the image right or say what is wrong`, async () => {
  const random = seededRandom("a registry that breaks at random");
  const outcomes = new Map<string, number>();
  await using store = await openTestPuller({ idleTimeoutMs: 300, retries: 3 });
  for (let pull = 0; pull < pulls; pull++) {
    await using proxy = await startFaultProxy({
      url: registry.url,
      fault: (request) => faultFor(random, request, registry.url),
    });
    const name = `${proxy.host}/app:1`;
    const outcome = await Promise.race([
      store.pull(name).then(
        async (result) => {
          expect((await store.fileOf(result, "c")).equals(layers[2]?.content ?? Buffer.of())).toBe(true);
          await store.images.remove(result.image.id);
          return "right";
        },
        (error: { code?: string; message: string }) =>
          (error.code ?? "") in errorTable && error.code !== "internal" ? error.code : `not typed: ${error.message}`,
      ),
      delay(pullLimitMs, "hangs"),
    ]);
    outcomes.set(String(outcome), (outcomes.get(String(outcome)) ?? 0) + 1);
    expect(outcome, `pull ${pull} of seed ${random.seed}`).not.toMatch(/^hangs|^not typed/);
    if (outcome === "right") await forgetEverything(store);
  }
  process.stdout.write(`${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(", ")}\n`);
  expect(outcomes.get("right")).toBeGreaterThan(0);
  expect(outcomes.size).toBeGreaterThan(2);

  const { image } = await store.pull(`${registry.host}/app:1`);
  expect(image.config.rootfs.diff_ids).toHaveLength(3);
  expect(await faultsOfStore(store.folder, new Map())).toEqual([]);
});

/** So that the next pull has everything to do. */
async function forgetEverything({
  images,
  layers: unpacked,
}: Awaited<ReturnType<typeof openTestPuller>>): Promise<void> {
  await images.collectGarbage();
  await unpacked.collectGarbage(() => false);
}

test("a tag that moves in the middle of a pull gives the image that it meant first, whole", async () => {
  await pushLayers(registry, "moving:1", layers);
  let hasMoved = false;
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: async ({ path }) => {
      if (!path.includes("/blobs/") || hasMoved) return undefined;
      hasMoved = true;
      await pushLayers(registry, "moving:1", others);
      return undefined;
    },
  });
  await using store = await openTestPuller();

  const first = await store.pull(`${proxy.host}/moving:1`);
  expect((await store.fileOf(first, "c")).equals(layers[2]?.content ?? Buffer.of())).toBe(true);
  const second = await store.pull(`${proxy.host}/moving:1`);
  expect((await store.fileOf(second, "c")).equals(others[2]?.content ?? Buffer.of())).toBe(true);
  expect((await store.images.find(`${proxy.host}/moving:1`))?.id).toBe(second.image.id);
});

test("redirects in a circle are given up, and say so", async () => {
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: ({ path }) => ({ kind: "answer", status: 302, headers: { location: path } }),
  });
  await using store = await openTestPuller();
  await expect(store.pull(`${proxy.host}/app:1`)).rejects.toMatchObject({ code: "registry-error" });
  expect(proxy.seen.length).toBeLessThan(50);
});
