import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resolveUser } from "../../../../src/runtime/runc/users";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "runcible-users-"));
  await mkdir(join(root, "etc"));
  await writeFile(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\napp:x:1000:100::/home/app:/bin/sh\nbroken\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\nstaff:x:50:app,other\nwheel:x:60:app\n");
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

test.each([
  ["", 0, 0, [0], "/root"],
  ["app", 1000, 100, [100, 50, 60], "/home/app"],
  ["1000", 1000, 100, [100, 50, 60], "/home/app"],
  ["app:staff", 1000, 50, [50], "/home/app"],
  ["7:8", 7, 8, [8], "/"],
  ["7", 7, 0, [0], "/"],
])("%j is resolved with the image's own files", async (text, uid, gid, additionalGids, home) => {
  expect(await resolveUser(root, text)).toEqual({ uid, gid, additionalGids, home });
});

test("an unknown name is told with Docker's text", async () => {
  await expect(resolveUser(root, "nobody")).rejects.toMatchObject({
    code: "user-unknown",
    message: "unable to find user nobody: no matching entries in passwd file",
  });
  await expect(resolveUser(root, "app:none")).rejects.toMatchObject({
    message: "unable to find group none: no matching entries in group file",
  });
});

test("a passwd that links out of the image is read inside of it", async () => {
  await rm(join(root, "etc/passwd"));
  await writeFile(join(root, "inside"), "me:x:5:6::/me:/bin/sh\n");
  await symlink("../../../../../../inside", join(root, "etc/passwd"));
  expect(await resolveUser(root, "me")).toMatchObject({ uid: 5, gid: 6 });
});

test("an image without accounts knows numbers", async () => {
  await rm(join(root, "etc"), { recursive: true });
  expect(await resolveUser(root, "3:4")).toEqual({ uid: 3, gid: 4, additionalGids: [4], home: "/" });
});
