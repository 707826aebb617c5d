import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lock } from "proper-lockfile";
import { expect, test } from "vitest";
import { deferred } from "../../../src/internal/deferred";
import { withFileLock } from "../../../src/internal/file-lock";

test("tasks take turns, whether there is a file at the path or not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-lock-"));
  await writeFile(join(folder, "there"), "");
  for (const name of ["there", "not-there"]) {
    const path = join(folder, name);
    const first = deferred();
    const steps: string[] = [];
    const begun = deferred();
    const holding = withFileLock(path, { timeoutMs: 30_000 }, async () => {
      steps.push("first begins");
      begun.resolve();
      await first.promise;
      steps.push("first ends");
    });
    await begun.promise;
    const waiting = withFileLock(path, { timeoutMs: 30_000 }, async () => void steps.push("second"));
    const impatient = withFileLock(path, { timeoutMs: 50 }, async () => void steps.push("impatient"));
    await expect(impatient).rejects.toMatchObject({ code: "timeout" });
    first.resolve();
    await Promise.all([holding, waiting]);
    expect(steps).toEqual(["first begins", "first ends", "second"]);
  }
  expect(await readdir(folder)).toEqual(["there"]);
  await rm(folder, { recursive: true });
});

test("testcontainers itself, which locks the file of this name, is waited for", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-lock-"));
  const path = join(folder, "testcontainers-node.lock");
  await writeFile(path, "");
  const release = await lock(path);

  await expect(withFileLock(path, { timeoutMs: 50 }, async () => {})).rejects.toMatchObject({ code: "timeout" });

  await release();
  expect(await withFileLock(path, { timeoutMs: 30_000 }, async () => "mine")).toBe("mine");
  await rm(folder, { recursive: true });
});
