import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";

export interface Import {
  /** A file relative to `src`, or the name of a package. */
  readonly target: string;
  readonly isInternal: boolean;
  /** Gone after compilation. */
  readonly isTypeOnly: boolean;
}

export interface SourceFile {
  /** Relative to `src`, with extension. */
  readonly path: string;
  /** Comments are blanked out. */
  readonly text: string;
  readonly imports: readonly Import[];
}

const sourceFolder = join(import.meta.dirname, "../../src");

/** All TypeScript files below `src`, with what each imports. */
export async function readSourceFiles(): Promise<ReadonlyMap<string, SourceFile>> {
  const entries = await readdir(sourceFolder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(sourceFolder, join(entry.parentPath, entry.name)))
    .sort();
  const known = new Set(paths);
  const files = await Promise.all(
    paths.map(async (path): Promise<SourceFile> => {
      const text = withoutComments(await readFile(join(sourceFolder, path), "utf8"));
      return { path, text, imports: importsOf(path, text, known) };
    }),
  );
  return new Map(files.map((file) => [file.path, file]));
}

const statement = /^(?:import|export)\s+(type\s+)?([^;"']*?)\s*from\s+["']([^"']+)["']/gm;
const call = /\b(?:import|require)\(\s*["']([^"']+)["']\s*\)/g;

export function importsOf(path: string, text: string, known: ReadonlySet<string>): Import[] {
  const named = [...text.matchAll(statement)].map(([, type, names = "", specifier = ""]) =>
    resolve(path, specifier, type !== undefined || namesAreTypes(names), known),
  );
  const called = [...text.matchAll(call)].map(([, specifier = ""]) => resolve(path, specifier, false, known));
  return [...named, ...called];
}

function resolve(path: string, specifier: string, isTypeOnly: boolean, known: ReadonlySet<string>): Import {
  if (!specifier.startsWith(".")) return { target: specifier, isInternal: false, isTypeOnly };
  const base = normalize(join(dirname(path), specifier));
  const target = [`${base}.ts`, `${base}/index.ts`, base].find((candidate) => known.has(candidate)) ?? base;
  return { target, isInternal: true, isTypeOnly };
}

/** `{ type A, type B }` compiles to nothing. */
function namesAreTypes(names: string): boolean {
  const list = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  if (list === undefined) return false;
  return list
    .split(",")
    .filter((name) => name.trim() !== "")
    .every((name) => name.trim().startsWith("type "));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}
