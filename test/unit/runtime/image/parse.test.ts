import { expect, test } from "vitest";
import { formatPlatform, parsePlatform } from "../../../../src/internal/platform";
import { isIndex, parseImageConfig, parseManifest } from "../../../../src/runtime/image/parse";
import { choosePlatform } from "../../../../src/runtime/image/platform";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const bytes = (json: unknown): Buffer => Buffer.from(JSON.stringify(json));
const layer = { mediaType: "application/x", digest: digest("b"), size: 3 };
const entry = (os: string, architecture: string, variant?: string): object => ({
  ...layer,
  platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
});

test("a manifest and an index are told apart by what they hold", () => {
  const manifest = parseManifest(bytes({ schemaVersion: 2, config: layer, layers: [layer] }));
  const index = parseManifest(bytes({ schemaVersion: 2, manifests: [entry("linux", "amd64")] }));
  expect([isIndex(manifest), isIndex(index)]).toEqual([false, true]);
});

test.each([
  ["no JSON", Buffer.from("{")],
  ["a list", bytes([])],
  ["schema 1", bytes({ schemaVersion: 1, fsLayers: [] })],
  ["neither layers nor manifests", bytes({ schemaVersion: 2 })],
  ["a layer without digest", bytes({ schemaVersion: 2, config: layer, layers: [{ size: 1 }] })],
  ["a negative size", bytes({ schemaVersion: 2, config: layer, layers: [{ ...layer, size: -1 }] })],
  ["another digest algorithm", bytes({ schemaVersion: 2, config: { ...layer, digest: "md5:00" }, layers: [] })],
])("a manifest that is %s is refused", (_what, content) => {
  expect(() => parseManifest(content)).toThrow(expect.objectContaining({ code: "image-invalid" }));
});

test("a config without layers or with odd ones is refused", () => {
  for (const rootfs of [undefined, {}, { diff_ids: ["x"] }, { diff_ids: "sha256" }]) {
    expect(() => parseImageConfig(bytes({ os: "linux", rootfs }))).toThrow("diff_ids");
  }
});

test("what tools write as null in a config is left out, and what has an odd type is refused", () => {
  const rootfs = { type: "layers", diff_ids: [digest("b")] };
  const config = { Cmd: ["sh"], Entrypoint: null, Labels: null, Domainname: "x" };
  expect(parseImageConfig(bytes({ rootfs, config, history: null })).config).toEqual({ Cmd: ["sh"] });
  for (const odd of [{ Cmd: "sh" }, { Env: [1] }, { User: 0 }, { Labels: { a: 1 } }, { Volumes: ["/data"] }]) {
    expect(() => parseImageConfig(bytes({ rootfs, config: odd }))).toThrow(Object.keys(odd)[0]);
  }
});

test("platforms read as people write them", () => {
  expect(formatPlatform(parsePlatform("linux/arm/v7"))).toBe("linux/arm/v7");
  expect(formatPlatform(parsePlatform("x86_64"))).toBe("linux/amd64");
  expect(() => parsePlatform("a/b/c/d")).toThrow("a/b/c/d");
});

test("the image of the same variant is chosen, else one that runs all the same", () => {
  const manifest = parseManifest(
    bytes({
      schemaVersion: 2,
      manifests: [entry("linux", "amd64"), entry("linux", "arm", "v6"), entry("linux", "arm", "v7")],
    }),
  );
  if (!isIndex(manifest)) throw new TypeError("an index was expected");
  const chosen = (text: string): string | undefined => choosePlatform(manifest, parsePlatform(text))?.platform?.variant;
  expect(chosen("linux/arm/v7")).toBe("v7");
  expect(chosen("linux/arm")).toBe("v6");
  expect(choosePlatform(manifest, parsePlatform("linux/amd64"))?.platform?.architecture).toBe("amd64");
  expect(choosePlatform(manifest, parsePlatform("windows/amd64"))).toBeUndefined();
});
