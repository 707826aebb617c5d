import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Whole suites, and of the end to end tests those that the script names. */
async function selectionOfUser(): Promise<readonly string[]> {
  const script = await readFile(join(root, ".ci/user-suite"), "utf8");
  const [, names = ""] = /^for_users="([^"]*)"$/m.exec(script) ?? [];
  return ["test/integration/", ...names.split(" ").map((name) => `test/e2e/${name}`)];
}

test("every test for an ordinary user alone is in a file that an ordinary user runs", async () => {
  const selection = await selectionOfUser();
  const paths = (await readdir(join(root, "test"), { recursive: true })).map((path) => `test/${path}`);
  const files = paths.filter((path) => path.endsWith(".test.ts") && !path.startsWith("test/architecture/"));
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), "utf8")));
  const forUsers = files.filter((_file, index) => texts[index]?.includes("userTest("));

  expect(forUsers.length).toBeGreaterThan(0);
  expect(forUsers.filter((file) => !selection.some((part) => file.startsWith(part)))).toEqual([]);
});
