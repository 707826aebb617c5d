import { expect, test } from "vitest";
import { parseChallenge } from "../../../../src/runtime/registry/challenge";

test("a bearer challenge is read with its realm, service and scope", () => {
  const header = 'Bearer realm="https://auth.test/token",service="a \\"b\\"",scope="repository:x/y:pull"';
  expect(parseChallenge(header)).toEqual({
    scheme: "bearer",
    realm: "https://auth.test/token",
    service: 'a "b"',
    scope: "repository:x/y:pull",
  });
});

test("the scheme is read in any case, and parameters without quotes too", () => {
  expect(parseChallenge("BASIC realm=x")).toEqual({ scheme: "basic" });
  expect(parseChallenge("bearer realm=https://auth.test")).toEqual({ scheme: "bearer", realm: "https://auth.test" });
});

test.each([undefined, "", "Negotiate", 'Bearer service="no realm"'])(
  "%s asks for nothing that can be done",
  (header) => {
    expect(parseChallenge(header)).toBeUndefined();
  },
);
