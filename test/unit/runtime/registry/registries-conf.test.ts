import fc from "fast-check";
import { expect, test } from "vitest";
import { isRuncibleError } from "../../../../src/internal/errors";
import { parseReference } from "../../../../src/runtime/image/reference";
import { isInsecurePush, type PullSource, planPull } from "../../../../src/runtime/registry/pull-sources";
import { parseRegistriesConf } from "../../../../src/runtime/registry/registries-conf";
import { anyText } from "../../../support/any-text";

const file = "/conf/registries.conf";
const digest = `sha256:${"a".repeat(64)}`;

/** Where an image is looked for, one text for each place. */
function placesOf(image: string, text: string, hubMirrors: readonly string[] = []): readonly string[] {
  const sources = planPull(parseReference(image), { rules: parseRegistriesConf(text, file), hubMirrors });
  return sources.map(written);
}

function written({ reference, url, isInsecure, isMirror, blockedBy }: PullSource): string {
  const { domain, path, tag, digest: byDigest } = reference;
  const suffix = (tag === undefined ? "" : `:${tag}`) + (byDigest === undefined ? "" : "@…");
  const marks = [isMirror ? "mirror" : "", isInsecure ? "insecure" : "", blockedBy ? "blocked" : ""].filter(
    (mark) => mark !== "",
  );
  return [url ?? `${domain}/${path}${suffix}`, ...marks].join(" ");
}

test("what is for other programs changes nothing", () => {
  const text =
    'unqualified-search-registries = ["quay.io"]\nshort-name-mode = "enforcing"\n[aliases]\nredis = "q.io/redis"';
  expect(placesOf("redis", text)).toEqual(["docker.io/library/redis:latest"]);
});

test("mirrors come first, in their order, and the registry itself last", () => {
  const text = `
[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "mirror.local:5000"
insecure = true
[[registry.mirror]]
location = "other.io/hub/"`;
  expect(placesOf("redis:7", text)).toEqual([
    "mirror.local:5000/library/redis:7 mirror insecure",
    "other.io/hub/library/redis:7 mirror",
    "docker.io/library/redis:7",
  ]);
});

test("mirrors that the environment names come before those of the file", () => {
  const text = '[[registry]]\nprefix = "docker.io"\nlocation = "inner.io"\n[[registry.mirror]]\nlocation = "m.io"';
  expect(placesOf("redis:7", text, ["https://env.io"])).toEqual([
    "https://env.io mirror",
    "m.io/library/redis:7 mirror",
    "inner.io/library/redis:7",
  ]);
  expect(placesOf("quay.io/a/b:1", text, ["https://env.io"])).toEqual(["quay.io/a/b:1"]);
});

test("a mirror may be for tags or for digests alone", () => {
  const text = `
[[registry]]
location = "a.io"
[[registry.mirror]]
location = "tags.io"
pull-from-mirror = "tag-only"
[[registry.mirror]]
location = "digests.io"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "all.io"
pull-from-mirror = "all"`;
  expect(placesOf("a.io/x:1", text)).toEqual(["tags.io/x:1 mirror", "all.io/x:1 mirror", "a.io/x:1"]);
  expect(placesOf(`a.io/x@${digest}`, text)).toEqual(["digests.io/x@… mirror", "all.io/x@… mirror", "a.io/x@…"]);
  const older = '[[registry]]\nlocation = "a.io"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.io"';
  expect(placesOf("a.io/x:1", older)).toEqual(["a.io/x:1"]);
});

test("the longest prefix that ends with a part of the name wins, and the location takes its place", () => {
  const text = `
[[registry]]
prefix = "a.io"
location = "one.io"
[[registry]]
prefix = "a.io/team"
location = "two.io/t"
[[registry]]
prefix = "a.io/team/app:1"
location = "three.io/app"
[[registry]]
prefix = "*.b.io"
[[registry]]
prefix = "*.c.io/x"
location = "c.local"`;
  const expected: Readonly<Record<string, string>> = {
    "a.io/teams/app:1": "one.io/teams/app:1",
    "a.io/team/app:2": "two.io/t/app:2",
    "a.io/team/app:1": "three.io/app:1",
    "a.io:5000/team/app:1": "a.io:5000/team/app:1",
    "aa.io/team:1": "aa.io/team:1",
    "x.y.b.io/app:1": "x.y.b.io/app:1",
    "b.io/app:1": "b.io/app:1",
    "x.c.io/x/app:1": "c.local/app:1",
    "x.c.io/xx/app:1": "x.c.io/xx/app:1",
  };
  for (const [image, place] of Object.entries(expected)) expect(placesOf(image, text)).toEqual([place]);
});

test("of a blocked registry only the mirrors are asked, and a place that is blocked itself never", () => {
  const text = `
[[registry]]
location = "a.io"
blocked = true
[[registry.mirror]]
location = "b.io"
[[registry.mirror]]
location = "x.evil.io"
[[registry]]
prefix = "*.evil.io"
blocked = true
[[registry]]
prefix = "c.io"
location = "y.evil.io"`;
  expect(placesOf("a.io/x:1", text)).toEqual(["b.io/x:1 mirror", "x.evil.io/x:1 mirror blocked", "a.io/x:1 blocked"]);
  expect(placesOf("z.evil.io/x:1", text)).toEqual(["z.evil.io/x:1 blocked"]);
  expect(placesOf("c.io/x:1", text)).toEqual(["y.evil.io/x:1 blocked"]);
});

test("a push to a blocked registry is refused with the file that says so", () => {
  const rules = parseRegistriesConf('[[registry]]\nprefix = "*.evil.io"\nblocked = true', file);
  const refused = { code: "registry-blocked", message: expect.stringContaining(file) };
  expect(() => isInsecurePush(parseReference("x.evil.io/app"), rules)).toThrowError(expect.objectContaining(refused));
});

test("a push goes where its name says, insecure where the file says so", () => {
  const rules = parseRegistriesConf('[[registry]]\nprefix = "a.io"\nlocation = "b.io"\ninsecure = true', file);
  expect(isInsecurePush(parseReference("a.io/x"), rules)).toBe(true);
  expect(isInsecurePush(parseReference("b.io/x"), rules)).toBe(false);
});

test.each([
  'location = "https://me:secret@a.io"',
  'location = "me:secret@a.io/x"',
  'prefix = "me:secret@a.io/x"',
  'location = "a.io"\n[[registry.mirror]]\nlocation = "http://me:secret@b.io"',
])("%s is refused without its password, as errors are logged", (line) => {
  const parse = (): unknown => parseRegistriesConf(`[[registry]]\n${line}\n`, "file");
  expect(parse).toThrowError(expect.objectContaining({ code: "registries-conf-invalid" }));
  expect(parse).not.toThrowError(/secret/);
});

test.each([
  ['[[registry]]\nlocation = "a.io"\n\nblocked = maybe', "line 4"],
  ['[[registry]]\nlocation = "a.io"\n\n[[registry]]\nlocation = 5', "registry of line 4: location is no string"],
  ['[[registry]]\nlocation = "a.io"\ninsecure = "yes"', "registry of line 1: insecure is neither true nor false"],
  ['[[registry]]\nlocation = "https://a.io"', "has a scheme"],
  ['[[registry]]\nprefix = "a.*.io"', "no beginning of an image name"],
  ['[[registry]]\nprefix = "a.io"\nlocation = "../etc"', "no place in a registry"],
  ['[[registry]]\nprefix = "a.io"\nlocation = "*.b.io"', "no place in a registry"],
  ["[[registry]]\nblocked = true", "neither prefix nor location"],
  ["registry = [{ blocked = true }]", "registry 1: it has neither"],
  ['[registry]\nlocation = "a.io"', "write [[registry]]"],
  ['[[registry]]\nlocation = "a.io"\n[[registry.mirror]]\ninsecure = true', "a mirror of it has no location"],
  ['[[registry]]\nlocation = "a.io"\n[registry.mirror]\nlocation = "b.io"', "write [[registry.mirror]]"],
  [
    '[[registry]]\nlocation = "a.io"\n[[registry.mirror]]\nlocation = "b.io"\npull-from-mirror = "some"',
    "none of all, digest-only, tag-only",
  ],
  ["[registries.search]\nregistries = []", "version 1"],
])("%j is refused, with the file and the place in it", (text, reason) => {
  const refused = { code: "registries-conf-invalid", message: expect.stringContaining(`read ${file}: `) };
  expect(() => parseRegistriesConf(text, file)).toThrowError(expect.objectContaining(refused));
  expect(() => parseRegistriesConf(text, file)).toThrowError(reason);
});

test("a location that leaves no name is refused when it is met", () => {
  expect(() => placesOf("a.io/x", '[[registry]]\nprefix = "a.io/x"\nlocation = "b.io"')).toThrowError(
    expect.objectContaining({ code: "registries-conf-invalid", message: expect.stringContaining(file) }),
  );
});

test("no text makes the parser fail in another way than with its own error", () => {
  const words = ["[[registry]]", "[[registry.mirror]]", "location", "prefix", "=", '"a.io"', "{", "}", "[", "]", "\n"];
  const text = fc.oneof(
    anyText(),
    fc.array(fc.constantFrom(...words)).map((all) => all.join(" ")),
  );
  fc.assert(
    fc.property(text, (any) => {
      try {
        parseRegistriesConf(any, file);
      } catch (error) {
        expect(isRuncibleError(error) && error.code).toBe("registries-conf-invalid");
      }
    }),
  );
});

test("a text of deep nesting is refused and not run into the ground", () => {
  const deep = `x = ${"[".repeat(100_000)}`;
  expect(() => parseRegistriesConf(deep, file)).toThrowError(
    expect.objectContaining({ code: "registries-conf-invalid" }),
  );
});
