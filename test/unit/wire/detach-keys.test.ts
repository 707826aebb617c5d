import { expect, test } from "vitest";
import { decodeDetachKeys } from "../../../src/wire/detach-keys";

test.each([
  [undefined, [16, 17]],
  [null, [16, 17]],
  ["", [16, 17]],
  ["ctrl-x,x", [24, 120]],
  ["a", [97]],
  ["ctrl-@,ctrl-a,ctrl-z,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,DEL", [0, 1, 26, 27, 28, 29, 30, 31, 127]],
])("detach keys %j", (text, codes) => {
  expect([...decodeDetachKeys(text)]).toEqual(codes);
});

test.each(["ctrl-", "ctrl-1", "ctrl-pp", "ctl-p", "a,", ",", "ä", "ab"])("no detach keys: %j", (text) => {
  expect(() => decodeDetachKeys(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});
