import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { socketDenied } from "../../../src/client/socket-access";
import { rootTest } from "../../support/run-as";

const cause = Object.assign(new Error("connect EACCES"), { code: "EACCES" });
let folder: string;
let socket: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-socket-"));
  socket = join(folder, "docker.sock");
  await writeFile(socket, "");
  // A group that the machine names, whoever runs this: root's own does not count.
  await chown(socket, process.getuid?.() ?? 0, process.getgid?.() || 1);
});
afterAll(() => rm(folder, { recursive: true }));

test("of a socket that a group may open, the command is told that makes this user a member", async () => {
  await chmod(socket, 0o660);

  const error = socketDenied(socket, cause);

  expect(error).toMatchObject({ code: "permission-denied", cause });
  expect(error?.message).toContain(`connect to unix://${socket}: permission denied: it is for its owner`);
  expect(error?.message).toMatch(new RegExp(`sudo usermod -aG \\S+ ${userInfo().username}, and log in again$`));
});

test("of a socket that is one user's alone, that user is named", async () => {
  await chmod(socket, 0o600);

  expect(socketDenied(socket, cause)?.message).toMatch(/for its owner \(\S+\) alone; run this as that user/);
});

test("of a socket that is open to all, a security module is to blame", async () => {
  await chmod(socket, 0o666);

  expect(socketDenied(socket, cause)?.message).toContain("a security module does not");
});

rootTest("nobody is told to become a member of root's group", "only root has files of that group", async () => {
  const ofRoot = join(folder, "root.sock");
  await writeFile(ofRoot, "");
  await chown(ofRoot, 0, 0);
  await chmod(ofRoot, 0o660);

  expect(socketDenied(ofRoot, cause)?.message).toMatch(/for its owner \(root\) alone/);
});

test("of a socket that cannot be looked at, its folder is to blame", () => {
  expect(socketDenied(join(folder, "nosuch", "docker.sock"), cause)?.message).toContain("a folder above it is closed");
});

test("another failure is none of permission", () => {
  expect(socketDenied(socket, Object.assign(new Error("no"), { code: "ECONNREFUSED" }))).toBeUndefined();
});
