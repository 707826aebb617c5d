import { assert, constantFrom, option, property, stringMatching, tuple } from "fast-check";
import { expect, test } from "vitest";
import { canonicalName, familiarName, parseReference, repositoryOf } from "../../../../src/runtime/image/reference";

const digest = `sha256:${"a".repeat(64)}`;

test.each([
  ["redis", "docker.io/library/redis:latest"],
  ["redis:7-alpine", "docker.io/library/redis:7-alpine"],
  ["acme/app", "docker.io/acme/app:latest"],
  ["docker.io/redis", "docker.io/library/redis:latest"],
  ["index.docker.io/library/redis:7", "docker.io/library/redis:7"],
  ["localhost/app", "localhost/app:latest"],
  ["localhost:5000/app:1", "localhost:5000/app:1"],
  ["127.0.0.1:5000/a/b/c:1", "127.0.0.1:5000/a/b/c:1"],
  ["[::1]:5000/app", "[::1]:5000/app:latest"],
  ["quay.io/acme/app", "quay.io/acme/app:latest"],
  [`redis@${digest}`, `docker.io/library/redis@${digest}`],
  [`redis:7@${digest}`, `docker.io/library/redis:7@${digest}`],
])("%s means %s", (text, canonical) => {
  expect(canonicalName(parseReference(text))).toBe(canonical);
});

test.each([
  "",
  "Redis",
  "redis:",
  "redis:bad tag",
  "redis:.x",
  "redis@sha256:abc",
  "redis@md5:d41d8cd98f00b204e9800998ecf8427e",
  "a//b",
  "/redis",
  "redis/",
  "-redis",
  "http://registry.example/app",
  "a".repeat(256),
  "f".repeat(64),
  `${"a".repeat(2000)}`,
])("%j is refused with a reason", (text) => {
  expect(() => parseReference(text)).toThrow(
    expect.objectContaining({
      code: "invalid-reference",
      message: expect.stringContaining("invalid reference format"),
    }),
  );
});

test("the familiar name leaves out what Docker leaves out", () => {
  expect(familiarName(parseReference("docker.io/library/redis:7"))).toBe("redis:7");
  expect(familiarName(parseReference("docker.io/acme/app:1"))).toBe("acme/app:1");
  expect(familiarName(parseReference("quay.io/acme/app:1"))).toBe("quay.io/acme/app:1");
  expect(repositoryOf(parseReference("redis:7"))).toBe("docker.io/library/redis");
});

test("every valid name reads back as the same image, from its canonical and its familiar form", () => {
  const component = stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8})?$/);
  const host = option(constantFrom("localhost:5000", "registry.example", "127.0.0.1:5000", "localhost"));
  const tag = option(stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/));
  void assert(
    property(tuple(host, component, option(component), tag), ([domain, first, second, version]) => {
      const path = second === null ? first : `${first}/${second}`;
      const text = `${domain === null ? "" : `${domain}/`}${path}${version === null ? "" : `:${version}`}`;
      const reference = parseReference(text);
      expect(parseReference(canonicalName(reference))).toEqual(reference);
      expect(parseReference(familiarName(reference))).toEqual(reference);
    }),
  );
});
