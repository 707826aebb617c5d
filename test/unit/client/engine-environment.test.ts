import { expect, test } from "vitest";
import { engineEnvironment, systemPath } from "../../../src/client/engine-environment";

test("system programs are looked for beside those of the user's path, after them", () => {
  expect(systemPath("/opt/x/bin:/usr/bin:/usr/sbin")).toBe("/opt/x/bin:/usr/bin:/usr/sbin:/opt/x/sbin");
  expect(systemPath(undefined)).toContain("/usr/sbin");
});

test("an engine is told its folder and socket, and nothing that is meant for the process that starts it", () => {
  const env = { NODE_OPTIONS: "--inspect", HTTP_PROXY: "http://proxy", RUNCIBLE_SOCKET: "/other", PATH: "/bin" };
  expect(engineEnvironment(env, { stateFolder: "/state", socketPath: "/state/engine.sock" })).toEqual({
    HTTP_PROXY: "http://proxy",
    PATH: "/bin:/sbin",
    RUNCIBLE_STATE_DIR: "/state",
    RUNCIBLE_SOCKET: "/state/engine.sock",
  });
});
