import { expect, test } from "vitest";
import { defaultMounts } from "../../../../src/runtime/runc/default-mounts";

const root = { isInitial: true, lastGid: 1_000, hasOneId: false };
const user = { ...root, isInitial: false };

test.each([
  ["private", root, true, ["mqueue"]],
  ["private", user, false, ["mqueue"]],
  ["host", root, true, ["bind"]],
  ["host", user, true, ["bind"]],
  ["host", root, false, ["mqueue"]],
  ["host", user, false, []],
] as const)("queues of a container with IPC mode %s, of %j, on a machine that shows its own: %s", (...row) => {
  const [ipcMode, userNamespace, hasMessageQueues, types] = row;

  const mounts = defaultMounts({
    ...{ ipcMode, userNamespace, hasMessageQueues },
    ...{ isPrivileged: false, networkNamespace: "private" },
  });

  expect(mounts.filter(({ target }) => target === "/dev/mqueue").map(({ type }) => type)).toEqual(types);
});
