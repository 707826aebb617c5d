import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Files of tests by pain, as docs/pains.md has them. */
async function documented(): Promise<ReadonlyMap<number, readonly string[]>> {
  const lines = (await readFile(join(root, "docs/pains.md"), "utf8")).split("\n");
  const rows = lines.map((line) => line.split("|").map((cell) => cell.trim())).filter(([, pain]) => Number(pain) > 0);
  return new Map(
    rows.map((cells) => [Number(cells[1]), [...(cells[5] ?? "").matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file)]),
  );
}

/** Files of the tests that name a pain. */
async function tried(): Promise<ReadonlyMap<number, readonly string[]>> {
  const folder = join(root, "test/compat/pains");
  const found = new Map<number, string[]>();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".test.ts"))) {
    const text = await readFile(join(folder, file), "utf8");
    const pains = [...text.matchAll(/["'`]pain (\d+): /g)].map(([, pain]) => Number(pain));
    for (const pain of new Set(pains)) found.set(pain, [...(found.get(pain) ?? []), file]);
  }
  return found;
}

test("each pain of docs/pains.md has the tests that it names, and each test that names a pain is there", async () => {
  const sorted = (files: ReadonlyMap<number, readonly string[]>): readonly (readonly [number, readonly string[]])[] =>
    [...files].map(([pain, names]) => [pain, [...names].sort()] as const).sort(([left], [right]) => left - right);

  expect(sorted(await documented())).toEqual(sorted(await tried()));
});

test("the pains that were promised are all there", async () => {
  const promised = [5, 8, 10, 11, 13, 16, 20, 21, 22, 23, 24, 25, 26, 31, 32, 33, 40];

  expect([...(await documented()).keys()]).toEqual(promised);
});
