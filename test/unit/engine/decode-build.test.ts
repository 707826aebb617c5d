import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { EngineRequest } from "../../../src/engine/http/request";
import { decodeBuild } from "../../../src/engine/routes/decode-build";

function decoded(query: string): ReturnType<typeof decodeBuild> {
  const { signal } = new AbortController();
  const request: Partial<EngineRequest> = {
    query: new URLSearchParams(query),
    headers: {},
    body: Readable.from([]),
    signal,
  };
  return decodeBuild(request as EngineRequest);
}

test.each([
  ["squash=1", "not-implemented", "squash is left out"],
  ['securityopt=["seccomp=unconfined"]', "not-implemented", "security options are left out"],
  ['outputs=[{"Type":"local","Attrs":{"dest":"x"}}]', "not-implemented", 'output of type "local" is left out'],
  ["platform=windows/amd64", "invalid-argument", 'operating system "windows" is not supported'],
  ["platform=linux/nosuch", "invalid-argument", '"nosuch" is no architecture'],
  ["platform=a/b/c/d", "invalid-argument", "want for example linux/arm64"],
])("a build with %s is refused", (query, code, message) => {
  expect(() => decoded(query)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
});

test.each([
  ["squash=0&outputs=&platform=&securityopt=null", undefined],
  ["outputs=null", undefined],
  ['outputs=[{"Type":"moby"}]&platform=linux/arm/v7', "linux/arm/v7"],
])("a build with %s is taken", (query, platform) => {
  expect(decoded(query).platform).toBe(platform);
});
