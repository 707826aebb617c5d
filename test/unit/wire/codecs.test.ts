import { expect, test } from "vitest";
import { decodeFilters, encodeFilters, hasLabels } from "../../../src/wire/filters";
import { decodePathStat, encodePathStat } from "../../../src/wire/path-stat";
import { formatAliasPorts, parseAliasPorts, parseHostPort, parsePortKey } from "../../../src/wire/ports";
import { formatBytes, progressBar } from "../../../src/wire/progress";
import { decodeBoolean, decodeTail, decodeTime } from "../../../src/wire/query-values";
import { decodeRegistryAuth, encodeRegistryAuth } from "../../../src/wire/registry-auth";
import { checkVersion } from "../../../src/wire/versions";

test("both encodings of filters mean the same", () => {
  const go = decodeFilters('{"label":{"a=b":true}}');
  expect(go).toEqual(decodeFilters('{"label": ["a=b"]}'));
  expect(decodeFilters(encodeFilters(go))).toEqual(go);
  expect(decodeFilters("")).toEqual(new Map());
  expect(() => decodeFilters('{"label":"a"}')).toThrow("invalid filter");
});

test("labels match by key or by key and value", () => {
  expect(hasLabels({ a: "1" }, ["a", "a=1"])).toBe(true);
  expect(hasLabels({ a: "1" }, ["a=2"])).toBe(false);
});

test.each(["", "0", "no", "False", "none"])("%j is a false query value", (text) => {
  expect(decodeBoolean(text)).toBe(false);
});

test("True, as docker-py writes it, is true", () => {
  expect(decodeBoolean("True")).toBe(true);
});

test("times are seconds with or without a fraction, or RFC 3339", () => {
  expect(decodeTime("1795451656.155", "since")).toBe(1_795_451_656_155_000_000n);
  expect(decodeTime("2027-01-01T00:00:00.000000001Z", "since")).toBe(1_798_761_600_000_000_001n);
  expect(decodeTime("0", "since")).toBeUndefined();
});

test("all and -1 mean every line", () => {
  expect([decodeTail("all"), decodeTail("-1"), decodeTail("0")]).toEqual([undefined, undefined, 0]);
});

test("ports may be ranges", () => {
  expect(parsePortKey("80")).toEqual([{ port: 80, protocol: "tcp" }]);
  expect(parsePortKey("8000-8001/udp")).toHaveLength(2);
  expect(parseHostPort("18800-18803")).toEqual({ first: 18800, last: 18803 });
  expect(() => parsePortKey("x")).toThrow('invalid port specification: "x"');
});

test("the label of alias ports is read as it is written, and nothing else is", () => {
  const aliases = [
    { hostPort: 15432, containerPort: { port: 5432, protocol: "tcp" } },
    { hostPort: 53, containerPort: { port: 53, protocol: "udp" } },
  ] as const;
  expect(formatAliasPorts(aliases)).toBe("15432:5432/tcp,53:53/udp");
  expect(parseAliasPorts(formatAliasPorts(aliases))).toEqual(aliases);
  for (const text of ["", "80", "80:80-81", "0:80", "1-2:80"]) expect(() => parseAliasPorts(text)).toThrow("invalid");
});

test("a folder's mode is Go's", () => {
  const stat = { name: "d", size: 0, kind: "directory", permissions: 0o1777, modifiedAt: "x", linkTarget: "" } as const;
  const header = encodePathStat(stat);
  expect(JSON.parse(Buffer.from(header, "base64").toString()).mode).toBe(2_148_532_735);
  expect(decodePathStat(header)).toEqual(stat);
});

test("credentials survive the header, rubbish is anonymous", () => {
  const auth = { username: "u", password: "p?>~", serverAddress: "r" };
  expect(decodeRegistryAuth(encodeRegistryAuth(auth))).toEqual(auth);
  expect(decodeRegistryAuth("e30=")).toBeUndefined();
  expect(decodeRegistryAuth("%%")).toBeUndefined();
});

test("versions out of range are refused with Docker's words", () => {
  expect(() => checkVersion({ major: 1, minor: 99 })).toThrow("client version 1.99 is too new");
  expect(() => checkVersion({ major: 1, minor: 0 })).toThrow("client version 1.0 is too old");
});

test("progress bars look like Docker's", () => {
  expect(formatBytes(37_760_000)).toBe("37.76MB");
  expect(progressBar(50, 100)).toBe("[=========================>                         ]  50B/100B");
});
