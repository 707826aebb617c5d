import { expect, test } from "vitest";
import { registriesOf } from "../../../src/api/image/base-images";
import { explainRefusal, sharedCredentials } from "../../../src/api/image/shared-credentials";
import { RuncibleError } from "../../../src/internal/errors";

const auth = { username: "me", password: "secret" };
const ofPrivate = new Map([["registry.example", auth]]);

test.for([
  ["FROM a/b", ["docker.io"]],
  ["FROM registry.example/a AS first\nFROM first\nCOPY --from=first /a /a", ["registry.example"]],
  ["FROM registry.example/a\nCOPY --from=other.example/b /a /a", ["registry.example", "other.example"]],
  ["FROM registry.example/a\nRUN --mount=from=b,target=/b true", ["registry.example", "docker.io"]],
  ["# syntax=docker/dockerfile:1\nFROM registry.example/a", ["registry.example", "docker.io"]],
  ["# syntax=other.example/dockerfile\r\nNONSENSE", []],
] as const)("the registries that a build may ask, of %j", ([text, registries]) => {
  expect(registriesOf(text, {})).toEqual(registries);
});

test("a build argument chooses another syntax, or another base", () => {
  const args = { BUILDKIT_SYNTAX: "other.example/dockerfile", BASE: "registry.example/a" };

  expect(registriesOf("# syntax=docker/dockerfile:1\nARG BASE=b\nFROM $BASE", args)).toEqual([
    "registry.example",
    "other.example",
  ]);
});

test("the credentials of a build's only registry are given, by whatever address they are known", () => {
  expect(sharedCredentials(ofPrivate, ["registry.example"])).toBe(auth);
  expect(sharedCredentials(new Map([["https://index.docker.io/v1/", auth]]), ["docker.io"])).toBe(auth);
});

test.for([[["registry.example", "docker.io"]], [["docker.io"]], [[]]])(
  "no other registry is told a secret that is not its own: %j",
  ([registries = []]) => {
    expect(sharedCredentials(ofPrivate, registries)).toBeUndefined();
  },
);

test("a build that was refused for that says so", () => {
  const refused = new RuncibleError("registry-unauthorized", "401 Unauthorized");

  expect(explainRefusal(refused, ofPrivate, ["registry.example", "docker.io"]).message).toMatch(
    /401 Unauthorized; BuildKit was given no credentials.*uses registry\.example, docker\.io.*pull the private image/,
  );
  expect(explainRefusal(refused, ofPrivate, ["registry.example"])).toBe(refused);
});
