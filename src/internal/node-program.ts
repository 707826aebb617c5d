/**
 * What runs this package's programs: the Node of this process or, in Deno and Bun, which are none, that of the search
 * path.
 */
export function nodeProgram(): string {
  const { deno, bun } = process.versions;
  return deno === undefined && bun === undefined ? process.execPath : "node";
}
