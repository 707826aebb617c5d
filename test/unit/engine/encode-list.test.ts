import { expect, test } from "vitest";
import type { ContainerState } from "../../../src/engine/routes/container-view";
import { statusText } from "../../../src/engine/routes/encode-list";

const now = Date.parse("2026-11-24T12:00:00Z");
const state: ContainerState = {
  status: "running",
  pid: 1,
  exitCode: 0,
  error: "",
  isOutOfMemory: false,
  startedAt: "2026-11-24T11:50:00.5Z",
  finishedAt: "2026-11-24T11:59:41Z",
};
const health = { status: "starting", failingStreak: 0, log: [] } as const;

test.each<[Partial<ContainerState>, string]>([
  [{}, "Up 9 minutes"],
  [{ health }, "Up 9 minutes (health: starting)"],
  [{ health: { ...health, status: "healthy" } }, "Up 9 minutes (healthy)"],
  [{ status: "paused" }, "Up 9 minutes (Paused)"],
  [{ status: "exited", exitCode: 7 }, "Exited (7) 19 seconds ago"],
  [{ status: "restarting", exitCode: 3 }, "Restarting (3) 19 seconds ago"],
  [{ status: "created" }, "Created"],
  [{ status: "removing" }, "Removal In Progress"],
])("the status of %j reads %s", (changes, text) => {
  expect(statusText({ ...state, ...changes }, now)).toBe(text);
});
