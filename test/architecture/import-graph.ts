import { allowedImports, type ImportRule } from "./allowed-imports";
import type { SourceFile } from "./source-files";

export type SourceFiles = ReadonlyMap<string, SourceFile>;

export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Imports that no rule allows. */
export function forbiddenImports(files: SourceFiles): Edge[] {
  return [...files.values()].flatMap((file) =>
    file.imports
      .filter(({ isInternal, target }) => isInternal && !isAllowed(file.path, target))
      .map(({ target }) => ({ from: file.path, to: target })),
  );
}

/** The rule of a file is that of the longest path it is below. */
export function ruleFor(path: string): ImportRule | undefined {
  return allowedImports
    .filter(({ from }) => isBelow(path, from))
    .sort((left, right) => right.from.length - left.from.length)[0];
}

function isAllowed(from: string, to: string): boolean {
  const rule = ruleFor(from);
  if (rule === undefined) return false;
  // runtime/*.ts puts its subfolders together.
  return isBelow(to, rule.from) || rule.may.some((allowed) => isBelow(to, allowed));
}

function isBelow(path: string, folder: string): boolean {
  return path === `${folder}.ts` || path.startsWith(`${folder}/`);
}

/** How an entry file gets to a forbidden import, for people: `index.ts → api/x.ts → engine/y.ts`. */
export function chainTo(files: SourceFiles, edge: Edge): string {
  const chain = [edge.from, edge.to];
  const seen = new Set(chain);
  for (;;) {
    const importer = importersOf(files, chain[0] ?? "").find((path) => !seen.has(path));
    if (importer === undefined) return chain.join(" → ");
    chain.unshift(importer);
    seen.add(importer);
  }
}

function importersOf(files: SourceFiles, path: string): string[] {
  return [...files.values()]
    .filter((file) => file.imports.some(({ target }) => target === path))
    .map((file) => file.path);
}

/** One cycle of imports that stay after compilation, first file repeated at the end; empty when there is none. */
export function findCycle(files: SourceFiles): string[] {
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return [];
    for (const { target, isInternal, isTypeOnly } of files.get(path)?.imports ?? []) {
      if (!isInternal || isTypeOnly) continue;
      const cycle = visit(target, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    finished.add(path);
    return [];
  };
  for (const path of files.keys()) {
    const cycle = visit(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
