import { expect, test } from "vitest";
import { describeUserNamespace } from "../../../src/internal/user-namespace";

const whole = "         0          0 4294967295\n";

test("a map of everything to itself is the machine's own namespace", () => {
  expect(describeUserNamespace(whole, whole)).toEqual({ isInitial: true, lastGid: 2 ** 31 - 1, hasOneId: false });
});

test("an ordinary user's groups end where its range does", () => {
  const map = "0 1000 1\n1 100000 65536\n";
  expect(describeUserNamespace(map, map)).toEqual({ isInitial: false, lastGid: 65536, hasOneId: false });
});

test("a map of one id has one", () => {
  expect(describeUserNamespace("0 1000 1\n", "0 1000 1\n")).toEqual({ isInitial: false, lastGid: 0, hasOneId: true });
});

test("root of a container whose users are mapped is not root of the machine", () => {
  expect(describeUserNamespace("0 100000 65536\n", "0 100000 65536\n").isInitial).toBe(false);
});
