import { hostname } from "node:os";
import { expect, test } from "vitest";
import { effectiveConfig } from "../../../src/engine/containers-config/effective-config";
import type { EffectiveConfig } from "../../../src/engine/routes/container-view";
import { decodeCreate } from "../../../src/engine/routes/decode-create";
import type { ImageRunConfig } from "../../../src/runtime/image/manifest";
import type { JsonObject } from "../../../src/wire/json";

const image: ImageRunConfig = {
  Entrypoint: ["/entry"],
  Cmd: ["serve"],
  Env: ["PATH=/bin", "A=1"],
  ExposedPorts: { "80/tcp": {} },
  Volumes: { "/data": {} },
  Labels: { a: "image", b: "image" },
  WorkingDir: "/srv",
  Healthcheck: { Test: ["CMD", "true"], Interval: 2_000_000_000 },
};

function merge(body: JsonObject, from: ImageRunConfig = image): EffectiveConfig {
  return effectiveConfig(decodeCreate({ Image: "bb", ...body }, new URLSearchParams()), from, "ab".repeat(32));
}

test("a request that says nothing runs what the image says", () => {
  expect(merge({})).toMatchObject({
    entrypoint: ["/entry"],
    command: ["serve"],
    workingDir: "/srv",
    hostname: "abababababab",
    volumes: ["/data"],
    healthCheck: { test: ["CMD", "true"], intervalMs: 2000, timeoutMs: 30_000, retries: 3 },
  });
});

test("on the host's network, or with its UTS namespace, a container is called as the host unless it says otherwise", () => {
  expect(merge({ HostConfig: { NetworkMode: "host" } }).hostname).toBe(hostname());
  expect(merge({ HostConfig: { UTSMode: "host" } }).hostname).toBe(hostname());
  expect(merge({ Hostname: "own", HostConfig: { NetworkMode: "host" } }).hostname).toBe("own");
});

test("an entrypoint of its own drops the image's command", () => {
  expect(merge({ Entrypoint: ["sh"] })).toMatchObject({ entrypoint: ["sh"], command: [] });
});

test("variables, labels and ports are merged, and a bare name removes a variable", () => {
  const config = merge({
    Env: ["A", "B=2", "PATH=/x"],
    Labels: { a: "mine" },
    ExposedPorts: { "80": {}, "90/udp": {} },
  });
  expect(config.environment).toEqual(["B=2", "PATH=/x"]);
  expect(config.labels).toEqual({ a: "mine", b: "image" });
  expect(config.exposedPorts).toEqual([
    { port: 80, protocol: "tcp" },
    { port: 90, protocol: "udp" },
  ]);
});

test("the request's variables come first, each once, and then what else the image has", () => {
  const { environment } = merge({ Env: ["B=1", "C=1", "B=2"] });

  expect(environment).toEqual(["B=2", "C=1", "PATH=/bin", "A=1"]);
});

test("the image's health check is merged field by field, or switched off", () => {
  expect(merge({ Healthcheck: { Retries: 9 } }).healthCheck).toMatchObject({ test: ["CMD", "true"], retries: 9 });
  expect(merge({ Healthcheck: { Test: ["NONE"] } }).healthCheck).toBeUndefined();
});

test("what is said of a health check is kept to be shown, also when nothing is to be run", () => {
  const stated = { Retries: 9, Interval: 5_000_000_000 };

  expect(merge({ Cmd: ["x"], Healthcheck: stated }, {})).toMatchObject({
    statedHealthCheck: { intervalMs: 5000, retries: 9 },
  });
  expect(merge({ Cmd: ["x"], Healthcheck: stated }, {}).healthCheck).toBeUndefined();
  expect(merge({ Healthcheck: { Test: ["NONE"] } }).statedHealthCheck).toEqual({ test: ["NONE"], intervalMs: 2000 });
  expect(merge({ Cmd: ["x"] }, {}).statedHealthCheck).toBeUndefined();
});

test("a mount on the path of an image's volume takes its place", () => {
  expect(merge({ HostConfig: { Binds: ["/srv:/data"] } }).volumes).toEqual([]);
});

test("nothing to run is an error", () => {
  expect(() => merge({}, {})).toThrow("no command specified");
});
