import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Path of a file that lives as long as the test which asks for it. */
export function useTextFile(name: string, text: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), "runcible-file-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
