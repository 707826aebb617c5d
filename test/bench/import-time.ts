import { run } from "../../src/internal/exec";
import { builtEntry } from "../support/built-package";
import { repeat, row } from "./measure";
import type { Section } from "./section";

/** What loading the built package costs a fresh process, measured inside it. */
export async function measureImport(): Promise<Section> {
  const script = `const t = process.hrtime.bigint(); require(${JSON.stringify(builtEntry)}); console.log(Number(process.hrtime.bigint() - t) / 1e6)`;
  const times = await repeat(15, async () => Number((await run(process.execPath, ["-e", script])).stdout));
  return { title: "Import of the package", note: "`require` in a fresh process.", rows: [row("runcible", times)] };
}
