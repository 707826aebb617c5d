import { expect, test } from "vitest";
import { shellWords } from "../../../../src/compose/load/shell-words";
import { readShortPort } from "../../../../src/compose/load/short-port";
import { readShortVolume } from "../../../../src/compose/load/short-volume";
import { durationMs, sizeBytes } from "../../../../src/compose/load/units";

const port = (target: number, rest: object = {}): object => ({ target, protocol: "tcp", mode: "ingress", ...rest });

test.each([
  ["80", [port(80)]],
  ["8080:80", [port(80, { published: "8080" })]],
  ["8080:80/udp", [port(80, { published: "8080", protocol: "udp" })]],
  ["127.0.0.1:8080:80", [port(80, { published: "8080", host_ip: "127.0.0.1" })]],
  ["127.0.0.1::80", [port(80, { host_ip: "127.0.0.1" })]],
  ["[::1]:8080:80", [port(80, { published: "8080", host_ip: "::1" })]],
  ["3000-3001", [port(3000), port(3001)]],
  ["8000-8001:9000-9001", [port(9000, { published: "8000" }), port(9001, { published: "8001" })]],
  ["8000-8005:80", [port(80, { published: "8000-8005" })]],
  [
    "0.0.0.0:8000-8001:80-81/TCP",
    [port(80, { published: "8000", host_ip: "0.0.0.0" }), port(81, { published: "8001", host_ip: "0.0.0.0" })],
  ],
])("the port %s has the long form %j", (text, expected) => {
  expect(readShortPort(text)).toEqual(expected);
});

test.each(["", "x", "0", "70000", "80:x", "8000-8002:80-81", "90-80", "80/icmp", "1:2:3:4", "80:70000"])(
  "the port %j is refused",
  (text) => {
    expect(readShortPort(text)).toBeTypeOf("string");
  },
);

test.each([
  ["/data", { type: "volume", target: "/data", volume: {} }],
  ["db:/data", { type: "volume", source: "db", target: "/data", volume: {} }],
  ["db:/data:ro,nocopy", { type: "volume", source: "db", target: "/data", read_only: true, volume: { nocopy: true } }],
  ["./a:/b", { type: "bind", source: "./a", target: "/b", bind: { create_host_path: true } }],
  ["~/a:/b:rw", { type: "bind", source: "~/a", target: "/b", bind: { create_host_path: true } }],
  [
    "/a:/b:ro,z,rslave",
    {
      type: "bind",
      source: "/a",
      target: "/b",
      read_only: true,
      bind: { create_host_path: true, propagation: "rslave", selinux: "z" },
    },
  ],
  [".:/b:cached", { type: "bind", source: ".", target: "/b", bind: { create_host_path: true } }],
])("the volume %s has the long form %j", (text, expected) => {
  expect(readShortVolume(text)).toEqual(expected);
});

test.each(["", "db", "db:data", ":/b", "/a:", "a:/b:ro:x", "./a:/b:wrong"])("the volume %j is refused", (text) => {
  expect(readShortVolume(text)).toBeTypeOf("string");
});

test.each([
  ["redis-server --port 1", ["redis-server", "--port", "1"]],
  ["sh -c 'echo \"hi  there\" $$X'", ["sh", "-c", 'echo "hi  there" $$X']],
  ['a "b c"d \\"e', ["a", "b cd", '"e']],
  ['"a \\"b\\" \\n" \'\'', ['a "b" \\n', ""]],
  ["  spaced\n out  ", ["spaced", "out"]],
  ["", []],
])("the command %j has the words %j", (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

test.each(["'open", 'a "open', "end\\"])("the command %j is refused", (text) => {
  expect(shellWords(text)).toBeUndefined();
});

test.each([
  ["1m30s", 90_000],
  ["1.5s", 1_500],
  ["300ms", 300],
  ["2h", 7_200_000],
  ["10us", 0.01],
  ["5", 5_000],
  ["soon", undefined],
  ["1m30", undefined],
])("the duration %s is %s ms", (text, expected) => {
  expect(durationMs(text)).toBe(expected);
});

test.each([
  ["64m", 67_108_864],
  ["1.5gb", 1_610_612_736],
  ["1KB", 1_024],
  ["2GiB", 2_147_483_648],
  ["512", 512],
  [300, 300],
  ["-1", -1],
  ["64 mb", 67_108_864],
  ["much", undefined],
])("the size %s is %s bytes", (text, expected) => {
  expect(sizeBytes(text)).toBe(expected);
});
