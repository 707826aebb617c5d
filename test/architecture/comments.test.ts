import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
/** The formatter's, which leaves comments alone. */
const widest = 120;

test.each(["src", "test", "modules"])("no comment in %s is wider than the code", async (folder) => {
  const names = await readdir(join(root, folder), { recursive: true });
  const sources = names.filter((name) => /(?<!\.d)\.[cm]?ts$/.test(name) && !/node_modules|(^|\/)build\//.test(name));
  expect(sources).not.toEqual([]);
  const wide = sources.map(async (name) => {
    const lines = (await readFile(join(root, folder, name), "utf8")).split("\n");
    return lines.flatMap((line, index) =>
      line.length > widest && /^\s*(\/\/|\/?\*)/.test(line) ? [`${folder}/${name}:${index + 1}`] : [],
    );
  });
  expect((await Promise.all(wide)).flat()).toEqual([]);
});
