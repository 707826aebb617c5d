import { expect, test } from "vitest";
import { specText } from "../../../../src/runtime/runc/spec-text";

test("no limit is the number that the kernel takes for that, which JavaScript cannot hold", () => {
  const rlimits = [
    { type: "RLIMIT_MEMLOCK", soft: -1, hard: -1 },
    { type: "RLIMIT_NOFILE", soft: 1, hard: -10 },
  ];

  expect(specText({ process: { rlimits } })).toBe(
    '{"process":{"rlimits":[{"type":"RLIMIT_MEMLOCK","soft":18446744073709551615,"hard":18446744073709551615},{"type":"RLIMIT_NOFILE","soft":1,"hard":-10}]}}',
  );
});

test("a text of the user's that looks like it stays as it is", () => {
  const env = ['A={"soft":-1}', '"hard":-1,'];

  expect(JSON.parse(specText({ env, limits: { pids: -1 } }))).toEqual({ env, limits: { pids: -1 } });
});
