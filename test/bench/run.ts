// Measures and writes docs/benchmarks.md. Run by: npm run bench
import { writeFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { run } from "../../src/internal/exec";
import { startRegistry } from "../support/registry/start-registry";
import { measureAfterKill } from "./after-kill";
import { measureDeadContainer } from "./dead-container";
import { measureDockerCommand } from "./docker-command";
import { measureGraph } from "./graph";
import { measureImport } from "./import-time";
import { measureOriginal } from "./original";
import { measurePull } from "./pull";
import type { Section } from "./section";
import { measureStart } from "./start";

const root = join(import.meta.dirname, "../..");
const report = join(root, "docs/benchmarks.md");

async function main(): Promise<void> {
  await using registry = await startRegistry();
  const sections: Section[] = [];
  // One after the other: they would disturb each other.
  for (const measure of [
    measureImport,
    measureStart,
    measureOriginal,
    measureDeadContainer,
    measureGraph,
    measureAfterKill,
    measurePull,
    measureDockerCommand,
  ]) {
    const section = await measure(registry);
    console.log(`\n${render(section)}`);
    sections.push(section);
  }
  await writeFile(report, document(sections));
  // Tables as the formatter has them.
  await run(join(root, "node_modules/.bin/biome"), ["check", "--write", report]);
}

function document(sections: readonly Section[]): string {
  const processors = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const machine = `${processors.length} × ${processors[0]?.model.trim()}, ${memory}, Linux ${release()}, Node ${process.version}`;
  const introduction = [
    "# Benchmarks",
    "",
    "Measured by `npm run bench`, which writes this file anew. Times are in milliseconds. No test asserts a time.",
    "",
    `Machine: ${machine}; ${new Date().toISOString().slice(0, 10)}.`,
  ].join("\n");
  return `${[introduction, ...sections.map(render)].join("\n\n")}\n`;
}

function render({ title, note, rows }: Section): string {
  const head = ["| what | median | 95 % | fastest | n |", "| --- | --- | --- | --- | --- |"];
  return [`## ${title}`, "", note, "", ...head, ...rows].join("\n");
}

await main();
