import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { canAskForCgroup } from "../../../src/client/delegation";

test("nobody asks systemd for a cgroup who makes it himself, has no session, or has a session without systemd", async () => {
  const runtimeFolder = await mkdtemp(join(tmpdir(), "runcible-session-"));
  onTestFinished(() => rm(runtimeFolder, { recursive: true }));

  expect(await canAskForCgroup(0, { XDG_RUNTIME_DIR: runtimeFolder })).toBe(false);
  expect(await canAskForCgroup(1000, {})).toBe(false);
  expect(await canAskForCgroup(1000, { XDG_RUNTIME_DIR: runtimeFolder })).toBe(false);
});
