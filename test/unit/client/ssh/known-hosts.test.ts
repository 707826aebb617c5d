import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { judgeHostKey, knownKeyTypes, parseKnownHosts } from "../../../../src/client/ssh/known-hosts";

const key = (text: string): Buffer => Buffer.from(`key ${text}`);
const line = (hosts: string, text: string, type = "ssh-ed25519"): string =>
  `${hosts} ${type} ${key(text).toString("base64")}`;
const judge = (text: string, host: string, port: number, shown: string) =>
  judgeHostKey(parseKnownHosts(text), { host, port }, key(shown));

function hashed(name: string): string {
  const salt = Buffer.from("twenty bytes of salt");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

test.each([
  ["a", "a", 22],
  ["A", "a", 22],
  ["b,a,c", "A", 22],
  ["[a]:2222", "a", 2222],
  ["a", "a", 2222],
  ["*.lan", "a.lan", 22],
  ["a?", "a1", 22],
  ["[*.lan]:99", "a.lan", 99],
  [hashed("a"), "a", 22],
  [hashed("[a]:2222"), "a", 2222],
  ["::1", "::1", 22],
  ["[::1]:99", "::1", 99],
])("%s is the name of %s at port %i", (hosts, host, port) => {
  expect(judge(line(hosts, "1"), host, port, "1")).toEqual({ kind: "known" });
});

test.each([
  ["b", "a", 22],
  ["a.lan", "axlan", 22],
  ["a", "a.lan", 22],
  ["[a]:2222", "a", 22],
  ["[a]:2222", "a", 99],
  ["*.lan,!a.lan", "a.lan", 22],
  [hashed("b"), "a", 22],
  ["|2|x|y", "a", 22],
  ["|1||", "a", 22],
  ["", "a", 22],
])("%s is no name of %s at port %i", (hosts, host, port) => {
  expect(judge(line(hosts, "1"), host, port, "1")).toEqual({ kind: "unknown" });
});

test("another key than the known ones is a changed one, whatever its type", () => {
  const text = ["# comment", "", line("a", "1"), line("a", "2", "ssh-rsa")].join("\n");

  expect(judge(text, "a", 22, "2")).toEqual({ kind: "known" });
  expect(judge(text, "a", 22, "3")).toEqual({ kind: "changed", line: 3 });
});

test("the key of port 22 neither serves as a changed one for another port nor stands in its way", () => {
  expect(judge(line("a", "1"), "a", 2222, "2")).toEqual({ kind: "unknown" });
  expect(judge([line("a", "1"), line("[a]:2222", "2")].join("\n"), "a", 2222, "2")).toEqual({ kind: "known" });
  expect(judge([line("a", "1"), line("[a]:2222", "2")].join("\n"), "a", 2222, "1")).toEqual({
    kind: "changed",
    line: 2,
  });
});

test("a revoked key is refused though another line knows it", () => {
  const text = [line("a", "1"), `@revoked ${line("*", "1")}`].join("\r\n");

  expect(judge(text, "a", 22, "1")).toEqual({ kind: "revoked", line: 2 });
  expect(judge(`@revoked ${line("b", "1")}\n${line("a", "1")}`, "a", 22, "1")).toEqual({ kind: "known" });
});

test("the key of an authority for certificates is not that of a host", () => {
  expect(judge(`@cert-authority ${line("*", "1")}`, "a", 22, "1")).toEqual({ kind: "unknown" });
});

test("lines that make no sense are passed over", () => {
  expect(parseKnownHosts("a\na ssh-rsa\n@revoked\n@revoked a\n#a ssh-rsa AAAA\n")).toEqual([]);
});

test("the types of a host's known keys are told", () => {
  const text = [line("a", "1"), line(hashed("a"), "2", "ssh-rsa"), line("b", "3", "ecdsa-sha2-nistp256")].join("\n");

  expect([...knownKeyTypes(parseKnownHosts(text), { host: "a", port: 22 })]).toEqual(["ssh-ed25519", "ssh-rsa"]);
});
