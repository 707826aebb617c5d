import { chmod, cp, mkdir, mkdtemp, readdir, readlink, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run, runUnchecked } from "../../../src/internal/exec";
import { archiveWithOwner } from "../../support/image/archive-with-owner";
import { imageCacheFolder } from "../../support/images";
import { processesOf } from "../../support/leaks/processes";
import { type OrdinaryUser, type ReadableCheckout, readableCheckout } from "../../support/ordinary-user";

/** [root only: only root can become another user, and give one a range of ids] */
describe("with the util-linux of Debian 11, whose unshare knows no --map-auto", () => {
  let programs: string;
  let checkout: ReadableCheckout;

  beforeAll(async () => {
    // Where an ordinary user finds them.
    programs = await mkdtemp("/var/tmp/runcible-programs-");
    await run("cp", ["-r", `${await olderUtilLinux()}/.`, programs]);
    await chmod(programs, 0o755);
    checkout = await readableCheckout();
  });
  afterAll(async () => {
    await checkout?.[Symbol.asyncDispose]();
    await rm(programs, { recursive: true, force: true });
  });

  test("it is the one that is found", async () => {
    const env = { PATH: programs };
    expect((await run("unshare", ["--version"], { env })).stdout).toContain("2.36");
    const { stderr } = await runUnchecked("unshare", ["--user", "--map-auto", "true"], { env });
    expect(stderr).toContain("unrecognized option '--map-auto'");
  });

  test.each([
    ["root", 0, {}],
    ["an ordinary user with a range of ids", 64_201, { hasRange: true }],
  ])("%s runs containers, and images with files of several owners", async (_who, uid, options) => {
    await using user = await checkout.user(uid, options);
    user.env["PATH"] = `${programs}:/usr/local/bin:/usr/bin:/bin`;
    const folder = await mkdtemp("/var/tmp/runcible-archive-");
    try {
      expect(await user.ask("load", await archiveWithOwner(folder, 42))).toBe("loaded");
      expect(await user.ask("say", "hello")).toBe("hello");
      const { answer, end } = await user.keep("serve", "from a container");
      expect(await user.ask("hear", (answer as { readonly ip: string }).ip)).toBe("from a container");
      expect(await programsOf(user)).toEqual(
        expect.arrayContaining(["flock", "unshare"].map((name) => join(programs, name))),
      );
      await end();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** Of the processes of its engine. */
async function programsOf({ stateFolder }: OrdinaryUser): Promise<readonly string[]> {
  const processes = await processesOf(stateFolder);
  return await Promise.all(processes.map(({ pid }) => readlink(`/proc/${pid}/exe`).catch(() => "")));
}

/** A folder of its programs; the libraries are this machine's, which serve them. Made once and kept. */
async function olderUtilLinux(): Promise<string> {
  const folder = join(imageCacheFolder, "util-linux-bullseye");
  if (await stat(folder).catch(() => undefined)) return join(folder, "bin");
  await mkdir(imageCacheFolder, { recursive: true });
  const work = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    const root = join(work, "root");
    // A mirror may be behind: what it has is signed all the same.
    const options = ["--quiet", "--variant=extract", '--aptopt=Acquire::Check-Valid-Until "false"'];
    const packages = "util-linux,mount,bsdutils";
    await run("mmdebstrap", [...options, `--include=${packages}`, "bullseye", root], { timeoutMs: 300_000 });
    await mkdir(join(work, "kept/bin"), { recursive: true });
    for (const place of ["bin", "usr/bin"]) {
      const wanted = ["unshare", "nsenter", "setpriv", "flock", "mount", "umount", "mountpoint", "script", "setsid"];
      for (const name of await readdir(join(root, place))) {
        if (wanted.includes(name))
          await cp(join(root, place, name), join(work, "kept/bin", name), { dereference: true });
      }
    }
    // Another process may have been first; what it has is as good.
    await rename(join(work, "kept"), folder).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return join(folder, "bin");
}
