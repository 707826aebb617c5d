import { expect, test } from "vitest";
import { defaultWaitStrategy } from "../../../src/api/wait/default-strategy";
import { createClient } from "../../../src/client/client";

/** Nothing is asked of it: what the container says decides. */
const daemon = { engine: createClient({ kind: "unix", path: "/nowhere" }), isOwnEngine: true };
const Image = "image:1";
const healthCheck = { Test: ["CMD", "true"] };
const none = { Test: ["none"] };

test.each([
  ["Docker", { Config: { Image, Healthcheck: healthCheck }, State: {} }, "the health check"],
  ["Podman", { Config: { Image, HealthCheck: healthCheck }, State: {} }, "the health check"],
  ["Podman, beside the configuration", { Config: { Image }, Healthcheck: healthCheck, State: {} }, "the health check"],
  ["old versions", { Config: { Image }, ContainerConfig: { Healthcheck: healthCheck }, State: {} }, "the health check"],
  ["a state of Docker", { Config: { Image }, State: { Health: { Status: "starting" } } }, "the health check"],
  ["a state of Podman", { Config: { Image }, State: { Healthcheck: { Status: "starting" } } }, "the health check"],
  ["a check that is switched off", { Config: { Image, Healthcheck: none }, State: {} }, "listening ports"],
  ["a state without one", { Config: { Image }, State: { Health: { Status: "" } } }, "listening ports"],
  ["no check", { Config: { Image, Healthcheck: { Test: [] } }, State: {} }, "listening ports"],
])("by what %s says, a container waits for %s", async (_who, inspect, expected) => {
  expect(String(await defaultWaitStrategy(daemon, { Image: "sha256:1", ...inspect }))).toBe(expected);
});
