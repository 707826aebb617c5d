import { afterEach, expect, test } from "vitest";
import { ImageName } from "../../../src/index";

const prefix = "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX";
const digest = `sha256:${"a".repeat(64)}`;

afterEach(() => {
  delete process.env[prefix];
});

test.each([
  ["redis", undefined, "redis", "latest", "redis:latest"],
  ["a/b:1", undefined, "a/b", "1", "a/b:1"],
  ["localhost/x", "localhost", "x", "latest", "localhost/x:latest"],
  ["r.io:5000/a/b:1", "r.io:5000", "a/b", "1", "r.io:5000/a/b:1"],
  [`redis@${digest}`, undefined, "redis", digest, `redis@${digest}`],
  [`redis:7@${digest}`, undefined, "redis:7", digest, `redis:7@${digest}`],
  ["b".repeat(64), undefined, "b".repeat(64), "latest", "b".repeat(64)],
  [digest, undefined, "sha256", "a".repeat(64), digest],
])("%s is read", (text, registry, image, tag, string) => {
  expect(ImageName.fromString(text)).toMatchObject({ registry, image, tag, string });
});

test.each([
  ["r.io", "r.io/a/b:1"],
  ["r.io/mirror/", "r.io/mirror/a/b:1"],
  ["foo/bar", "foo/bar/a/b:1"],
])("the prefix %s goes in front of names without a registry", (value, string) => {
  process.env[prefix] = value;

  expect(ImageName.fromString("a/b:1").string).toBe(string);
  expect(ImageName.fromString("localhost/x:1").string).toBe("localhost/x:1");
});

test.each([digest, "b".repeat(64)])("%s is the id of an image, and gets no prefix", (id) => {
  process.env[prefix] = "r.io/mirror/";

  expect(ImageName.fromString(id).string).toBe(id);
});
