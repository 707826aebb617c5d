import { join } from "node:path";
import { run } from "../../src/internal/exec";
import { repeat, row } from "./measure";
import type { Section } from "./section";

const entry = join(import.meta.dirname, "../../build/index.js");

/** What loading the built package costs a fresh process, measured inside it. */
export async function measureImport(): Promise<Section> {
  const script = `const t = process.hrtime.bigint(); require(${JSON.stringify(entry)}); console.log(Number(process.hrtime.bigint() - t) / 1e6)`;
  const times = await repeat(15, async () => Number((await run(process.execPath, ["-e", script])).stdout));
  return { title: "Import of the package", note: "`require` in a fresh process.", rows: [row("runcible", times)] };
}
