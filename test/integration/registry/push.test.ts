import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { importArchive } from "../../../src/runtime/image/import-archive";
import type { Image } from "../../../src/runtime/image/manifest";
import { parseReference } from "../../../src/runtime/image/reference";
import { createPusher, type PushProgress, type PushResult } from "../../../src/runtime/push";
import type { RegistrySettings } from "../../../src/runtime/registry/settings";
import { makeCertificate } from "../../support/registry/certificates";
import { type Fault, type FaultProxy, type SeenRequest, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { type StartRegistryOptions, startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller, type TestPuller } from "../../support/registry/test-puller";

/** Has an image of two layers, 600 kB and 5 kB, as `from/here:1`. Nobody pushes to it. */
let origin: TestRegistry;

beforeAll(async () => {
  origin = await startRegistry();
  await pushLayers(origin, "from/here:1", [noiseLayer("large", 600_000), noiseLayer("small", 5000)]);
});
afterAll(() => origin[Symbol.asyncDispose]());

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

async function opened<T extends AsyncDisposable>(resource: Promise<T>): Promise<T> {
  open.push(await resource);
  return await resource;
}

/** A store with the image of the other registry. */
async function storeWithImage(settings: Partial<RegistrySettings> = {}): Promise<{ store: TestPuller; image: Image }> {
  const store = await opened(openTestPuller(settings));
  return { store, image: (await store.pull(`${origin.host}/from/here:1`)).image };
}

async function registryOf(options: StartRegistryOptions = {}): Promise<TestRegistry> {
  return await opened(startRegistry(options));
}

interface PushOptions {
  readonly settings?: Partial<RegistrySettings>;
  readonly auth?: object;
  readonly signal?: AbortSignal;
}

async function push(
  { images }: TestPuller,
  image: Image,
  target: string,
  { settings, auth, signal = new AbortController().signal }: PushOptions = {},
): Promise<PushResult & { readonly events: readonly PushProgress[] }> {
  const events: PushProgress[] = [];
  const pusher = createPusher({ images, registries: { retryDelayMs: 1, ...settings } });
  const result = await pusher.push({
    ...{ image, reference: parseReference(target), signal, onProgress: (event) => events.push(event) },
    ...(auth === undefined ? {} : { auth }),
  });
  return { ...result, events };
}

/** Without the machine's signature stores, which root of a user namespace may not read. */
const noSignatures = "--registries.d=/nonexistent";

/** What skopeo finds there. */
async function digestAt({ auth, credentials }: TestRegistry & StartRegistryOptions, name: string): Promise<string> {
  const creds = auth === undefined ? [] : ["--creds", `${credentials.username}:${credentials.password}`];
  const { stdout } = await run("skopeo", [
    noSignatures,
    "inspect",
    "--tls-verify=false",
    ...creds,
    "--format={{.Digest}}",
    `docker://${name}`,
  ]);
  return stdout.trim();
}

const uploadsOf = ({ seen }: FaultProxy): readonly string[] =>
  seen.filter(({ method }) => ["PATCH", "POST"].includes(method)).map(({ method }) => method);

/** The first `times` uploads of a large blob are cut off. */
function cutUploads(
  afterBytes: number,
  { times, isKept }: { readonly times: number; readonly isKept: boolean },
): (request: SeenRequest) => Fault | undefined {
  let count = 0;
  return ({ method, headers }) => {
    const isLarge = method === "PATCH" && Number(headers["content-length"]) > 100_000;
    return isLarge && count++ < times ? { kind: "cut", afterBytes, isKept } : undefined;
  };
}

test.each([
  { auth: "none", tls: false },
  { auth: "basic", tls: false },
  { auth: "token", tls: false },
  { auth: "token", tls: true },
] as const)(
  "a pulled image is pushed with its digest to a registry with $auth auth, TLS $tls",
  async ({ auth, tls }) => {
    const { store, image } = await storeWithImage();
    const registry = await registryOf({ auth, tls });
    const target = `${registry.host}/to/there:2`;
    const credentials = auth === "none" ? {} : { auth: registry.credentials };

    const { digest, events } = await push(store, image, target, {
      ...credentials,
      settings: { certificateFolder: registry.certificateFolder },
    });

    expect(digest).toBe(image.manifestDescriptor.digest);
    expect(await digestAt({ ...registry, ...(auth === "none" ? {} : { auth }) }, target)).toBe(digest);
    expect(events.filter(({ phase }) => phase === "pushed")).toHaveLength(2);
    expect((await store.images.find(image.id))?.repoDigests).toContain(`${registry.host}/to/there@${digest}`);
  },
);

test("blobs that the registry has are not sent again, and those of another repository are mounted", async () => {
  const { store, image } = await storeWithImage();
  const registry = await registryOf();
  const proxy = await opened(startFaultProxy({ url: registry.url }));
  await push(store, image, `${proxy.host}/one:1`);
  const before = uploadsOf(proxy).length;

  const again = await push(store, image, `${proxy.host}/one:2`);
  expect(uploadsOf(proxy)).toHaveLength(before);
  expect(again.events.filter(({ phase }) => phase === "exists")).toHaveLength(2);

  const other = await push(store, image, `${proxy.host}/two/three:1`);
  expect(other.events.filter(({ from }) => from === "one")).toHaveLength(2);
  expect(uploadsOf(proxy).slice(before)).toEqual(["POST", "POST", "POST"]);
  expect(await digestAt(registry, `${registry.host}/two/three:1`)).toBe(image.manifestDescriptor.digest);
});

test("an upload that breaks goes on where the registry says it broke", async () => {
  const { store, image } = await storeWithImage();
  const registry = await registryOf();
  const proxy = await opened(
    startFaultProxy({ url: registry.url, fault: cutUploads(200_000, { times: 2, isKept: true }) }),
  );

  const { digest } = await push(store, image, `${proxy.host}/broken:1`);

  const patches = proxy.seen.filter(
    ({ method, headers }) => method === "PATCH" && Number(headers["content-length"]) > 100_000,
  );
  expect(patches.map(({ headers }) => Number(/^\d+/.exec(String(headers["content-range"]))?.[0]))).toEqual([
    0, 200_000, 400_000,
  ]);
  expect(await digestAt(registry, `${registry.host}/broken:1`)).toBe(digest);
});

test("an upload that breaks begins again with a registry that forgets it", async () => {
  const { store, image } = await storeWithImage();
  const registry = await registryOf();
  const fault = cutUploads(200_000, { times: 2, isKept: false });
  const proxy = await opened(startFaultProxy({ url: registry.url, fault }));

  const { digest } = await push(store, image, `${proxy.host}/forgotten:1`);

  expect(await digestAt(registry, `${registry.host}/forgotten:1`)).toBe(digest);
});

test.each([429, 500, 503])("an upload that is answered with status %i goes on later", async (status) => {
  const { store, image } = await storeWithImage();
  const registry = await registryOf();
  let count = 0;
  const fault = ({ method }: SeenRequest): Fault | undefined =>
    method === "PATCH" && count++ < 2 ? { kind: "answer", status } : undefined;
  const proxy = await opened(startFaultProxy({ url: registry.url, fault }));

  const { digest } = await push(store, image, `${proxy.host}/later:1`);

  expect(await digestAt(registry, `${registry.host}/later:1`)).toBe(digest);
});

test("a registry that breaks every upload is given up, and the image gets no new name", async () => {
  const { store, image } = await storeWithImage();
  const registry = await registryOf();
  const proxy = await opened(
    startFaultProxy({ url: registry.url, fault: cutUploads(100, { times: Number.POSITIVE_INFINITY, isKept: false }) }),
  );

  await expect(push(store, image, `${proxy.host}/never:1`, { settings: { retries: 2 } })).rejects.toMatchObject({
    code: "registry-unreachable",
  });

  expect((await store.images.find(image.id))?.repoDigests).toEqual(image.repoDigests);
});

test.each([
  ["basic", "registry-unauthorized"],
  ["token", "registry-unauthorized"],
] as const)("without credentials a registry with %s auth refuses a push", async (auth, code) => {
  const { store, image } = await storeWithImage();
  const registry = await registryOf({ auth });

  await expect(push(store, image, `${registry.host}/public/x:1`)).rejects.toMatchObject({
    code,
    message: expect.stringContaining("push "),
  });
});

test("the plain layers of an archive are compressed on the way, and always to the same digest", async () => {
  const registry = await registryOf();
  const origin = await registryOf();
  await pushLayers(origin, "app:1", [noiseLayer("large", 300_000)]);
  const folder = await mkdtemp(join(tmpdir(), "runcible-push-"));
  try {
    const archive = join(folder, "image.tar");
    const from = `docker://${origin.host}/app:1`;
    await run("skopeo", [
      "--insecure-policy",
      "copy",
      "--remove-signatures",
      "--src-tls-verify=false",
      from,
      `docker-archive:${archive}:app:1`,
    ]);
    const digests: string[] = [];
    for (const target of ["first", "second"]) {
      const store = await opened(openTestPuller());
      const [image] = await importArchive(
        store.images,
        createReadStream(archive),
        store.layers,
        new AbortController().signal,
      );
      if (image === undefined) throw new TypeError("the archive has no image");
      const { digest } = await push(store, image, `${registry.host}/${target}:1`);
      expect(await digestAt(registry, `${registry.host}/${target}:1`)).toBe(digest);
      expect((await store.images.find(image.id))?.manifest.layers[0]?.mediaType).toMatch(/gzip$/);
      digests.push(digest);
    }
    expect(digests[0]).toBe(digests[1]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("an upload is not sent on from https to plain http", async () => {
  const { store, image } = await storeWithImage();
  const registry = await registryOf();
  const { certificate, key } = await makeCertificate(store.folder, "proxy");
  const tls = { cert: await readFile(certificate), key: await readFile(key) };
  const fault = ({ method }: SeenRequest): Fault | undefined =>
    method === "POST"
      ? { kind: "answer", status: 202, headers: { location: `${registry.url}/v2/x/blobs/uploads/1` } }
      : undefined;
  const proxy = await opened(startFaultProxy({ url: registry.url, tls, fault }));

  await expect(push(store, image, `${proxy.host}/x:1`, { settings: { insecure: [proxy.host] } })).rejects.toMatchObject(
    { code: "registry-error", message: expect.stringContaining("which is refused") },
  );
});

test("credentials do not go to another host that an upload is sent on to", async () => {
  const { store, image } = await storeWithImage();
  const registry = await registryOf({ auth: "basic" });
  const elsewhere = await opened(
    startFaultProxy({ url: registry.url, fault: () => ({ kind: "answer", status: 400 }) }),
  );
  const fault = ({ method }: SeenRequest): Fault | undefined =>
    method === "POST"
      ? { kind: "answer", status: 202, headers: { location: `http://${elsewhere.host}/v2/x/blobs/uploads/1` } }
      : undefined;
  const proxy = await opened(startFaultProxy({ url: registry.url, fault }));

  await expect(push(store, image, `${proxy.host}/x:1`, { auth: registry.credentials })).rejects.toMatchObject({
    code: "registry-error",
  });

  expect(elsewhere.seen.length).toBeGreaterThan(0);
  expect(elsewhere.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test("a blob is kept with the image although another one brought the same files", async () => {
  const origin = await registryOf();
  const layers = [noiseLayer("same", 50_000)];
  await pushLayers(origin, "gzip:1", layers, ["--dest-compress-format", "gzip", "--dest-compress"]);
  await pushLayers(origin, "zstd:1", layers, ["--dest-compress-format", "zstd", "--dest-compress"]);
  const store = await opened(openTestPuller());
  const first = await store.pull(`${origin.host}/gzip:1`);
  const second = await store.pull(`${origin.host}/zstd:1`);
  expect(first.image.config.rootfs).toEqual(second.image.config.rootfs);
  const registry = await registryOf();

  for (const { image } of [first, second]) {
    const { digest } = await push(store, image, `${registry.host}/both:1`);
    expect(await digestAt(registry, `${registry.host}/both:1`)).toBe(digest);
    expect(digest).toBe(image.manifestDescriptor.digest);
  }
});
