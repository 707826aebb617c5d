import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { namedEndpoint } from "../../../src/client/connect";
import { parseEndpoint } from "../../../src/client/endpoint";
import { parseProperties } from "../../../src/client/properties-file";

test("unix, tcp, http and https addresses are read", () => {
  expect(parseEndpoint("unix:///run/x.sock", "X")).toEqual({ kind: "unix", path: "/run/x.sock" });
  expect(parseEndpoint("tcp://10.0.0.1:99", "X")).toEqual({ kind: "tcp", host: "10.0.0.1", port: 99 });
  expect(parseEndpoint("tcp://[::1]:99", "X")).toEqual({ kind: "tcp", host: "::1", port: 99 });
  expect(parseEndpoint("tcp://daemon", "X")).toEqual({ kind: "tcp", host: "daemon", port: 2375 });
});

test.each(["ssh://host", "/var/run/docker.sock", ""])("%j is refused with the name of its source", (text) => {
  expect(() => parseEndpoint(text, "DOCKER_HOST")).toThrow(/DOCKER_HOST/);
});

test("properties are key=value lines; comments and other lines do not count", () => {
  const properties = parseProperties("# a=1\n docker.host = tcp://x:1 \r\nnot this\ntc.host=unix:///s=1");

  expect([...properties]).toEqual([
    ["docker.host", "tcp://x:1"],
    ["tc.host", "unix:///s=1"],
  ]);
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
