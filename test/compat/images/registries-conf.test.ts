import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runUnchecked } from "../../../src/internal/exec";
import { parseReference } from "../../../src/runtime/image/reference";
import { type FaultProxy, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller } from "../../support/registry/test-puller";

/** Nobody listens there. */
const absent = "127.0.0.1:9";
let registry: TestRegistry;
let folder: string;
/** One registry by three names. */
let hosts: readonly FaultProxy[] = [];

beforeAll(async () => {
  registry = await startRegistry();
  folder = await mkdtemp(join(tmpdir(), "runcible-registries-"));
  for (const name of ["x:1", "team/x:1", "library/x:1"]) await pushLayers(registry, name, [noiseLayer("one", 100)]);
  hosts = await Promise.all([1, 2, 3].map(() => startFaultProxy({ url: registry.url })));
});
afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** `A`, `B` and `C` in a text stand for the hosts. */
const withHosts = (text: string): string =>
  text.replace(/\b[ABC]\b/g, (name) => hosts["ABC".indexOf(name)]?.host ?? "");

const table = (fields: string, ...mirrors: readonly string[]): string =>
  [`[[registry]]`, fields, ...mirrors.map((mirror) => `[[registry.mirror]]\ninsecure = true\n${mirror}`)].join("\n");

/** What is asked for manifests, in order, while `ask` runs; and whether it got one. */
async function asked(ask: () => Promise<boolean>): Promise<readonly string[]> {
  const before = hosts.map(({ seen }) => seen.length);
  const found = await ask();
  const paths = hosts.flatMap(({ seen }, index) =>
    seen
      .slice(before[index])
      .filter(({ path }) => path.includes("/manifests/"))
      .map(({ path }) => `${"ABC"[index]} ${path}`),
  );
  return [...new Set(paths), found ? "found" : "not found"];
}

const digestOf = async (name: string): Promise<string> => {
  const { headers } = await fetch(`${registry.url}/v2/${name}/manifests/1`, {
    headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
  });
  return headers.get("docker-content-digest") ?? "";
};

test.each([
  ["a mirror before the registry", "A/x:1", table('location = "A"\ninsecure = true', 'location = "B"')],
  [
    "what the first mirror lacks, from the second",
    "A/x:1",
    table('location = "A"', 'location = "B/none"', 'location = "C"'),
  ],
  ["the registry after its mirrors", "A/x:1", table('location = "A"\ninsecure = true', `location = "${absent}"`)],
  ["a rewritten location", "corp.example/x:1", table('prefix = "corp.example"\nlocation = "B/team"\ninsecure = true')],
  ["a wildcard", "a.b.corp.example/x:1", table('prefix = "*.corp.example"\nlocation = "C"\ninsecure = true')],
  [
    "nothing of a wildcard for the domain itself",
    "corp.invalid/x:1",
    table('prefix = "*.corp.invalid"\nlocation = "C"'),
  ],
  [
    "the longest prefix",
    "corp.example/team/x:1",
    [
      table('prefix = "corp.example"\nlocation = "A"\ninsecure = true'),
      table('prefix = "corp.example/team"\nlocation = "B/team"\ninsecure = true'),
      table('prefix = "corp.example/team/x:2"\nlocation = "C/team/x"\ninsecure = true'),
    ].join("\n"),
  ],
  [
    "the end of a part",
    "corp.invalid/teams/x:1",
    table('prefix = "corp.invalid/team"\nlocation = "B"\ninsecure = true'),
  ],
  ["a blocked registry", "A/x:1", table('location = "A"\nblocked = true', 'location = "B"')],
  [
    "a mirror that is blocked itself",
    "A/x:1",
    [table('location = "A"\ninsecure = true', 'location = "B"'), table('location = "B"\nblocked = true')].join("\n"),
  ],
  [
    "a rewritten location that is blocked itself",
    "corp.example/x:1",
    [table('prefix = "corp.example"\nlocation = "B"\ninsecure = true'), table('location = "B"\nblocked = true')].join(
      "\n",
    ),
  ],
  [
    "a host with a port for one without",
    "corp.invalid:5000/x:1",
    table('prefix = "corp.invalid"\nlocation = "B"\ninsecure = true'),
  ],
  [
    "a mirror for digests, by tag",
    "A/x:1",
    table('location = "A"\ninsecure = true', 'location = "B"\npull-from-mirror = "digest-only"'),
  ],
  [
    "a mirror for tags, by tag",
    "A/x:1",
    table('location = "A"\ninsecure = true', 'location = "B"\npull-from-mirror = "tag-only"'),
  ],
  [
    "a mirror for digests, by digest",
    "A/x@D",
    table('location = "A"\ninsecure = true', 'location = "B"\npull-from-mirror = "digest-only"'),
  ],
  [
    "a mirror for tags, by digest",
    "A/x@D",
    table('location = "A"\ninsecure = true', 'location = "B"\npull-from-mirror = "tag-only"'),
  ],
  [
    "mirrors by digest only, by tag",
    "A/x:1",
    table('location = "A"\ninsecure = true\nmirror-by-digest-only = true', 'location = "B"'),
  ],
  ["Docker Hub", "docker.io/library/x:1", table('prefix = "docker.io"\nlocation = "B"\ninsecure = true')],
  [
    "a slash at the end of a location",
    "corp.example/x:1",
    table('prefix = "corp.example"\nlocation = "B/"\ninsecure = true'),
  ],
  ["a location with a scheme", "A/x:1", table('location = "http://A"\ninsecure = true')],
  ["a file that is broken", "A/x:1", table('location = "A\ninsecure = true')],
])("skopeo asks the same places for the same file: %s", async (_, name, text) => {
  const { theirs, ours } = await bothAsk(name, text);

  expect(ours).toEqual(theirs);
});

test("a name that is blocked and rewritten is refused, as the manual has it; skopeo overlooks the block", async () => {
  const text = table('prefix = "corp.example"\nlocation = "B"\nblocked = true\ninsecure = true');

  const { theirs, ours } = await bothAsk("corp.example/x:1", text);

  expect(ours).toEqual(["not found"]);
  expect(theirs).toEqual(["B /v2/x/manifests/1", "found"]);
});

async function bothAsk(
  name: string,
  text: string,
): Promise<{ readonly theirs: readonly string[]; readonly ours: readonly string[] }> {
  const file = join(folder, "registries.conf");
  await writeFile(file, withHosts(text));
  const image = withHosts(name).replace("@D", `@${await digestOf("x")}`);

  const theirs = await asked(async () => {
    const flags = ["--registries-conf", file, "inspect", "--raw", `docker://${image}`];
    return (await runUnchecked("skopeo", flags, { timeoutMs: 30_000 })).exitCode === 0;
  });
  const ours = await asked(async () => {
    await using store = await openTestPuller({ registriesConf: [{ file, folders: [], isRequired: true }] });
    const request = { reference: parseReference(image), signal: AbortSignal.timeout(30_000) };
    return store.puller.describe(request).then(
      () => true,
      () => false,
    );
  });

  return { theirs, ours };
}
