import { readdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "modules");
const names = (await readdir(folder, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

interface Package {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly types: string;
  readonly files: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const textOf = (...path: readonly string[]): Promise<string> => readFile(join(...path), "utf8");
const packageOf = async (path: string): Promise<Package> => JSON.parse(await textOf(path, "package.json")) as Package;
const importsIn = (text: string): string[] =>
  [...text.matchAll(/\bfrom "([^"]+)"|\brequire\("([^"]+)"\)|\bimport\("([^"]+)"\)/g)].map(
    ([, from, required, imported]) => from ?? required ?? imported ?? "",
  );

test.each(names)("the module %s has the shape of all", async (name) => {
  const files = await readdir(join(folder, name), { recursive: true });
  const shape = ["README.md", "package.json", "src/index.ts", `src/${name}-container.ts`, "tsconfig.json"];
  const main = await packageOf(root);
  const module = await packageOf(join(folder, name));

  expect(files).toEqual(expect.arrayContaining([...shape, `test/${name}-container.test.ts`]));
  expect(module).toMatchObject({
    name: `@runcible/${name}`,
    version: main.version,
    main: "build/index.js",
    types: "build/index.d.ts",
    files: ["build", "README.md"],
    peerDependencies: { runcible: `^${main.version}` },
  });
});

test.each(names)("the entry file of %s is a table of contents", async (name) => {
  const lines = (await textOf(folder, name, "src/index.ts")).trim().split("\n").join(" ");

  expect(lines.replaceAll(/export (type )?\{[^}]+\} from "\.\/[a-z0-9-]+";/g, "").trim()).toBe("");
});

test.each(names)("%s knows the public package, Node, and what it declares, and nothing else", async (name) => {
  const { dependencies = {} } = await packageOf(join(folder, name));
  const known = new Set([
    "runcible",
    ...Object.keys(dependencies),
    ...builtinModules.map((module) => `node:${module}`),
  ]);
  const sources = await readdir(join(folder, name, "src"), { recursive: true });
  const texts = await Promise.all(sources.map((file) => textOf(folder, name, "src", file)));

  const others = texts.flatMap(importsIn).filter((target) => !target.startsWith("./") && !known.has(target));
  expect(others).toEqual([]);
});

test.each(names)("the example in the README of %s is code that a test runs", async (name) => {
  const tests = await textOf(folder, name, "test", `${name}-container.test.ts`);
  const regions = [...tests.matchAll(/^( *)\/\/ #region readme\n([\s\S]*?)^ *\/\/ #endregion$/gm)].map(
    ([, indentation = "", text = ""]) => text.replaceAll(new RegExp(`^${indentation}`, "gm"), "").trimEnd(),
  );
  const readme = await textOf(folder, name, "README.md");

  expect(regions.length).toBeGreaterThan(0);
  for (const region of regions) expect(readme).toContain(region);
});

test("the READMEs above list every module", async () => {
  for (const readme of [await textOf(root, "README.md"), await textOf(folder, "README.md")]) {
    expect(names.filter((name) => !readme.includes(`@runcible/${name}`))).toEqual([]);
  }
});
