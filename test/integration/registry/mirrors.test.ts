import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type FaultProxy, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller, type TestPuller } from "../../support/registry/test-puller";

/** A port that no registry of this machine has. */
const absent = "127.0.0.1:9";
const top = noiseLayer("top", 20_000);
let upstream: TestRegistry;
let mirror: TestRegistry;
let folder: string;
let file: string;

beforeAll(async () => {
  [upstream, mirror] = await Promise.all([startRegistry(), startRegistry({ auth: "basic" })]);
  await pushLayers(mirror, "both:1", [top]);
  await pushLayers(mirror, "team/both:1", [top]);
  await pushLayers(upstream, "both:1", [top]);
  await pushLayers(upstream, "only:1", [top]);
});
afterAll(() => Promise.all([upstream[Symbol.asyncDispose](), mirror[Symbol.asyncDispose]()]));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-registries-"));
  file = join(folder, "registries.conf");
  return () => rm(folder, { recursive: true });
});

/** `text` is the registries.conf from now on. */
async function openPuller(text: string): Promise<TestPuller> {
  await writeFile(file, text);
  return await openTestPuller({ registriesConf: [{ file, folders: [join(folder, "more")], isRequired: false }] });
}

const mirrored = (location: string, mirrorHost: string): string =>
  `[[registry]]\nlocation = "${location}"\n[[registry.mirror]]\nlocation = "${mirrorHost}"\n`;

const authsOf = (...registries: readonly TestRegistry[]) =>
  new Map(registries.map(({ host, credentials }) => [host, credentials]));

/** What each request that reached a registry was authorized with. */
async function watched(registry: TestRegistry): Promise<{ proxy: FaultProxy; authorizations: () => Set<string> }> {
  const proxy = await startFaultProxy({ url: registry.url });
  return {
    proxy,
    authorizations: () => new Set(proxy.seen.flatMap(({ headers }) => headers.authorization ?? [])),
  };
}

test("a mirror gives an image whose registry is out of reach, which keeps its own name", async () => {
  await using store = await openPuller(mirrored(absent, mirror.host));

  const result = await store.pull(`${absent}/both:1`, { auths: authsOf(mirror) });

  expect(result.image.tags).toEqual([`${absent}/both:1`]);
  expect(result.image.repoDigests).toEqual([`${absent}/both@${result.digest}`]);
  expect((await store.fileOf(result, "top")).equals(top.content)).toBe(true);
});

test("what a mirror lacks, or a mirror that is down, comes from the registry", async () => {
  await using store = await openPuller(mirrored(upstream.host, mirror.host));
  expect(await store.pull(`${upstream.host}/only:1`, { auths: authsOf(mirror) })).toMatchObject({ isNew: true });

  await using other = await openPuller(mirrored(upstream.host, absent));
  expect(await other.pull(`${upstream.host}/both:1`)).toMatchObject({ isNew: true });
});

test("the error of a registry tells what its mirrors said before", async () => {
  await using store = await openPuller(mirrored(absent, upstream.host));

  await expect(store.pull(`${absent}/none:1`)).rejects.toMatchObject({
    code: "registry-unreachable",
    message: expect.stringMatching(new RegExp(`before it, mirror ${upstream.host}: .*not found`)),
  });
});

test("each host gets its own credentials and never those of another", async () => {
  const [first, second] = await Promise.all([watched(mirror), watched(upstream)]);
  await using _first = first.proxy;
  await using _second = second.proxy;
  await using store = await openPuller(mirrored(second.proxy.host, first.proxy.host));
  const auth = { username: "upstream", password: "of the upstream" };
  const basic = ({ username, password }: typeof auth): string =>
    `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

  // The mirror wants a login: without one of its own it gives nothing, and the registry is asked.
  await store.pull(`${second.proxy.host}/both:1`, { auth });
  expect(first.proxy.seen.length).toBeGreaterThan(0);
  expect(first.authorizations()).toEqual(new Set());
  const askedBefore = second.proxy.seen.length;
  expect(askedBefore).toBeGreaterThan(0);

  await using other = await openPuller(mirrored(second.proxy.host, first.proxy.host));
  await other.pull(`${second.proxy.host}/both:1`, { auth, auths: new Map([[first.proxy.host, mirror.credentials]]) });
  expect(first.authorizations()).toEqual(new Set([basic(mirror.credentials)]));
  expect(second.proxy.seen).toHaveLength(askedBefore);
});

test("a location takes the place of a prefix, and gets no credentials of the name", async () => {
  const { proxy, authorizations } = await watched(upstream);
  await using _proxy = proxy;
  await using store = await openPuller(`[[registry]]\nprefix = "corp.example"\nlocation = "${proxy.host}"\n`);

  const { image } = await store.pull("corp.example/only:1", { auth: { username: "corp", password: "secret" } });

  expect(image.tags).toEqual(["corp.example/only:1"]);
  expect(authorizations()).toEqual(new Set());
});

test("a path may be put before, and a wildcard stands for any host below a domain", async () => {
  const text = `[[registry]]\nprefix = "*.corp.example"\nlocation = "${mirror.host}/team"\n`;
  await using store = await openPuller(text);

  const result = await store.pull("any.corp.example/both:1", { auths: authsOf(mirror) });

  expect(result.image.tags).toEqual(["any.corp.example/both:1"]);
});

test("insecure is for the place that says so: one with a certificate of its own is trusted there and not elsewhere", async () => {
  await using tls = await startRegistry({ tls: true });
  await pushLayers(tls, "app:1", [top]);
  const rule = `[[registry]]\nprefix = "careless.example"\nlocation = "${tls.host}"\ninsecure = true\n`;
  await using store = await openPuller(rule);

  expect(await store.pull("careless.example/app:1")).toMatchObject({ isNew: true });
  await expect(store.pull(`${tls.host}/app:1`)).rejects.toMatchObject({ code: "registry-unreachable" });
});

test("mirrors are told as URLs, those of the settings first", async () => {
  await writeFile(
    file,
    `${mirrored("docker.io", "a.example/hub")}\n[[registry.mirror]]\nlocation = "b:5000"\ninsecure = true\n`,
  );
  await using store = await openTestPuller({
    registriesConf: [{ file, folders: [], isRequired: true }],
    mirrors: ["https://own.example"],
  });

  const told = await store.puller.mirrorsOf({ domain: "docker.io", path: "library/x" });

  expect(told).toEqual(["https://own.example", "https://a.example", "http://b:5000"]);
  expect(await store.puller.mirrorsOf({ domain: "a.io", path: "x" })).toEqual([]);
});

test("an edit counts at the next pull, also one in the folder beside", async () => {
  await using store = await openPuller("");
  expect(await store.puller.registriesOf({ domain: "a.io", path: "x", tag: "1" })).toEqual(["a.io"]);

  await writeFile(file, mirrored("a.io", "b.io"));
  expect(await store.puller.registriesOf({ domain: "a.io", path: "x", tag: "1" })).toEqual(["b.io", "a.io"]);

  await mkdir(join(folder, "more"));
  await writeFile(join(folder, "more", "10-block.conf"), '[[registry]]\nlocation = "a.io"\nblocked = true\n');
  await writeFile(join(folder, "more", "99.txt"), "this is no such file");
  await expect(store.pull("a.io/x:1")).rejects.toMatchObject({
    code: "registry-blocked",
    message: expect.stringContaining(join(folder, "more", "10-block.conf")),
  });
});

test("a blocked registry is not asked, also when its mirrors have nothing", async () => {
  const { proxy } = await watched(upstream);
  await using _proxy = proxy;
  await using store = await openPuller(
    `[[registry]]\nlocation = "${proxy.host}"\nblocked = true\n[[registry.mirror]]\nlocation = "${upstream.host}"\n`,
  );

  await expect(store.pull(`${proxy.host}/only:1`)).resolves.toMatchObject({ isNew: true });
  await expect(store.pull(`${proxy.host}/none:1`)).rejects.toMatchObject({
    code: "registry-blocked",
    message: expect.stringMatching(/registries\.conf blocks .*before it, mirror .*not found/),
  });
  expect(proxy.seen).toEqual([]);
});

test("a broken file fails the pull, with its name and line", async () => {
  await using store = await openPuller(`[[registry]]\nlocation = "${upstream.host}"\nblocked = yes\n`);

  await expect(store.pull(`${upstream.host}/only:1`)).rejects.toMatchObject({
    code: "registries-conf-invalid",
    message: expect.stringMatching(/registries\.conf: line 3/),
  });
});
