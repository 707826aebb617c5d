import { expect, test } from "vitest";
import { emptyNames, environmentReaders, forbiddenToPlans, reservedModules } from "./allowed-imports";
import { chainTo, findCycle, forbiddenImports, ruleFor } from "./import-graph";
import { importsOf, readSourceFiles, type SourceFile } from "./source-files";

const files = await readSourceFiles();

/** Paths of files that break a rule, with what breaks it. */
function offenders(isOffence: (file: SourceFile) => boolean): string[] {
  return [...files.values()].filter(isOffence).map((file) => file.path);
}

test("every source file belongs to a folder with import rules", () => {
  expect(offenders((file) => ruleFor(file.path) === undefined)).toEqual([]);
});

test("imports point only where the table allows", () => {
  expect(forbiddenImports(files).map((edge) => chainTo(files, edge))).toEqual([]);
});

test("imports that stay after compilation have no cycle", () => {
  expect(findCycle(files).join(" → ")).toBe("");
});

test.each(Object.entries(reservedModules))("%s is imported only where it is wrapped", (name, owners) => {
  const importing = offenders((file) => file.imports.some((found) => found.target === name && !found.isTypeOnly));
  expect(importing.filter((path) => !owners.includes(path))).toEqual([]);
});

test("the parser of Dockerfiles is loaded when one is read, not before", () => {
  expect(offenders(({ text }) => /^import (?!type\b)[^;]*"dockerfile-ast"/m.test(text))).toEqual([]);
  expect(offenders(({ text }) => text.includes('require("dockerfile-ast")'))).toEqual([
    "build/dockerfile/load-parser.ts",
  ]);
});

test("the environment is read only by the files that own configuration", () => {
  expect(offenders(({ path, text }) => text.includes("process.env") && !environmentReaders.includes(path))).toEqual([]);
});

test("a plan neither reads files nor runs programs", () => {
  const isPlan = (path: string): boolean => /(^|[/-])plan(\.ts$|-|\/)/.test(path);
  const acting = offenders(
    (file) =>
      isPlan(file.path) &&
      file.imports.some(({ target, isTypeOnly }) => !isTypeOnly && forbiddenToPlans.includes(target)),
  );
  expect(acting).toEqual([]);
});

test("no file or folder has a name that says nothing", () => {
  const segmentsOf = (path: string): string[] => path.replace(/\.ts$/, "").split("/");
  expect(offenders(({ path }) => segmentsOf(path).some((segment) => emptyNames.test(segment)))).toEqual([]);
});

test("files are named in kebab case", () => {
  expect(offenders(({ path }) => !/^[a-z0-9-/]+\.ts$/.test(path))).toEqual([]);
});

test("the package has one entry file, and no folder has another", () => {
  expect(offenders(({ path }) => path.endsWith("/index.ts"))).toEqual([]);
});

test("nothing is exported by default", () => {
  expect(offenders(({ text }) => /^export default\b/m.test(text))).toEqual([]);
});

test("errors are made of the one class that has codes", () => {
  const bare = offenders(({ text }) => /\bnew (Type|Range|Syntax|Aggregate)?Error\(/.test(text));
  expect(bare).toEqual([]);
});

test("the scan sees static, type, repeated and dynamic imports", () => {
  const text = [
    'import { a } from "./a";',
    'import type { B } from "./b";',
    'import {\n  type C,\n  type D,\n} from "node:fs";',
    'export { e } from "../e";',
    'const f = await import("./f");',
  ].join("\n");
  const known = new Set(["x/a.ts", "x/b.ts", "e.ts", "x/f.ts"]);
  expect(importsOf("x/main.ts", text, known)).toEqual([
    { target: "x/a.ts", isInternal: true, isTypeOnly: false },
    { target: "x/b.ts", isInternal: true, isTypeOnly: true },
    { target: "node:fs", isInternal: false, isTypeOnly: true },
    { target: "e.ts", isInternal: true, isTypeOnly: false },
    { target: "x/f.ts", isInternal: true, isTypeOnly: false },
  ]);
});
