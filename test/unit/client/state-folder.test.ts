import { expect, test } from "vitest";
import { socketPathOf, stateFolderOf } from "../../../src/internal/state-folder";

test("RUNCIBLE_STATE_DIR wins over everything", () => {
  expect(stateFolderOf({ RUNCIBLE_STATE_DIR: "/srv/state", HOME: "/home/ann" }, 1000)).toBe("/srv/state");
});

test("root's state is the machine's, a user's is below the data folder", () => {
  expect(stateFolderOf({ HOME: "/root" }, 0)).toBe("/var/lib/runcible");
  expect(stateFolderOf({ HOME: "/home/ann" }, 1000)).toBe("/home/ann/.local/share/runcible");
  expect(stateFolderOf({ HOME: "/home/ann", XDG_DATA_HOME: "/data" }, 1000)).toBe("/data/runcible");
});

test("a socket path the kernel could not take moves below /tmp, different for each folder and user", () => {
  const long = `/srv/${"x".repeat(90)}`;

  expect(socketPathOf("/var/lib/runcible", 0)).toBe("/var/lib/runcible/engine.sock");
  expect(socketPathOf(long, 7)).toMatch(/^\/tmp\/runcible-7-[0-9a-f]{12}\/engine\.sock$/);
  expect(socketPathOf(`${long}y`, 7)).not.toBe(socketPathOf(long, 7));
});
