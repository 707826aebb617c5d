import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { namedEndpoint } from "../../../src/client/connect";
import { describeEndpoint, parseEndpoint } from "../../../src/client/endpoint";
import { parseProperties } from "../../../src/client/properties-file";

test("unix, tcp, http and https addresses are read", () => {
  expect(parseEndpoint("unix:///run/x.sock", "X")).toEqual({ kind: "unix", path: "/run/x.sock" });
  expect(parseEndpoint("tcp://10.0.0.1:99", "X")).toEqual({ kind: "tcp", host: "10.0.0.1", port: 99 });
  expect(parseEndpoint("tcp://[::1]:99", "X")).toEqual({ kind: "tcp", host: "::1", port: 99 });
  expect(parseEndpoint("tcp://daemon", "X")).toEqual({ kind: "tcp", host: "daemon", port: 2375 });
});

test("https is secured by what this machine trusts, also without certificates", () => {
  expect(parseEndpoint("https://daemon", "X")).toMatchObject({ host: "daemon", port: 2376, tls: { ca: undefined } });
  expect(parseEndpoint("http://daemon", "X")).toEqual({ kind: "tcp", host: "daemon", port: 2375 });
});

test("ssh addresses are read, with and without user, port and socket", () => {
  const identity = { homeFolder: "/home/me", agentSocket: "/run/agent" };
  const read = (text: string) => parseEndpoint(text, "X", { identity });

  expect(read("ssh://host")).toEqual({ kind: "ssh", host: "host", port: 22, identity });
  expect(read("ssh://host/")).toEqual({ kind: "ssh", host: "host", port: 22, identity });
  expect(read("ssh://me@Host:2222/run/a%20b.sock")).toEqual({
    kind: "ssh",
    user: "me",
    host: "Host",
    port: 2222,
    path: "/run/a b.sock",
    identity,
  });
  expect(read("ssh://[::1]:99")).toMatchObject({ host: "::1", port: 99 });
});

test.each([
  ["ssh://host"],
  ["ssh://me@host:2222/run/x.sock"],
  ["ssh://[::1]:99"],
  ["tcp://daemon:1"],
  ["tcp://[::1]:2375"],
  ["unix:///run/x.sock"],
])("%s is described as it was written", (text) => {
  expect(describeEndpoint(parseEndpoint(text, "X"))).toBe(text);
});

test.each(["ssh://me:secret@host", "ssh://me:secret@host:port", "tcp://me:secret@:1"])(
  "a password is neither taken nor repeated: %s",
  (text) => {
    expect(() => parseEndpoint(text, "DOCKER_HOST")).toThrow(/^(?!.*secret).*DOCKER_HOST/);
  },
);

test.each(["ssh://", "ssh://host?a", "ssh://host#a", "ssh://host/%zz", "/var/run/docker.sock", ""])(
  "%j is refused with the name of its source",
  (text) => {
    expect(() => parseEndpoint(text, "DOCKER_HOST")).toThrow(/DOCKER_HOST/);
  },
);

test.each(["ssh://h/%0aevil", "ssh://%1b@h", "ssh://h/\nevil", "unix:///run/\u009bx.sock", "tcp://h\r:1"])(
  "a control character is refused, in one line: %j",
  (text) => {
    const refused = { code: "invalid-argument", message: expect.stringMatching(/^read DOCKER_HOST: \P{Cc}*$/u) };
    expect(() => parseEndpoint(text, "DOCKER_HOST")).toThrowError(expect.objectContaining(refused));
  },
);

test("properties are key=value lines; comments and other lines do not count", () => {
  const properties = parseProperties("# a=1\n docker.host = tcp://x:1 \r\nnot this\ntc.host=unix:///s=1");

  expect([...properties]).toEqual([
    ["docker.host", "tcp://x:1"],
    ["tc.host", "unix:///s=1"],
  ]);
});

test("certificates are looked for only where the daemon is reached over TCP", async () => {
  const tls = { HOME: "/nowhere", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nowhere" };

  expect(await namedEndpoint(tls)).toBeUndefined();
  expect(await namedEndpoint({ ...tls, DOCKER_HOST: "unix:///s" })).toMatchObject({ endpoint: { kind: "unix" } });
  await expect(namedEndpoint({ ...tls, DOCKER_HOST: "tcp://a" })).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("there is no"),
  });
});

test("RUNCIBLE_HOST wins over DOCKER_HOST, and that over the properties file", async () => {
  const HOME = await mkdtemp(join(tmpdir(), "runcible-home-"));
  try {
    await writeFile(join(HOME, ".testcontainers.properties"), "docker.host=tcp://file:1\n");
    const sourceOf = async (env: Record<string, string>) => (await namedEndpoint({ HOME, ...env }))?.source;

    expect(await sourceOf({ RUNCIBLE_HOST: "tcp://a:1", DOCKER_HOST: "tcp://b:1" })).toBe("RUNCIBLE_HOST");
    expect(await sourceOf({ DOCKER_HOST: "tcp://b:1" })).toBe("DOCKER_HOST");
    expect(await sourceOf({})).toBe("docker.host in .testcontainers.properties");
    expect(await namedEndpoint({ HOME: "/nowhere" })).toBeUndefined();
  } finally {
    await rm(HOME, { recursive: true });
  }
});
