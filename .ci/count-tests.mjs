// Sums Vitest's JSON reports in a folder; prints "N passed, N failed" and fails unless all passed and there were any.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const reports = readdirSync(folder).filter((name) => name.endsWith(".json"));
const total = { passed: 0, failed: 0 };

for (const name of reports) {
  const report = readReport(join(folder, name));
  if (report === undefined) {
    // Vitest was ended while it wrote.
    console.log(`failed: ${name} is no whole report`);
    total.failed += 1;
    continue;
  }
  // A file that could not even be loaded has no tests to fail.
  const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  const left = report.numPendingTests + report.numTodoTests;
  if (left > 0) console.log(`${name}: ${left} tests were skipped, which counts as failed`);
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests + broken.length + left;
}

for (const step of failedSteps(join(folder, "failed-steps"))) {
  console.log(`failed: ${step}`);
  // A step whose failure no report shows: types, lint, build, a suite that crashed.
  if (!reports.some((name) => name === `${step}.json`) || total.failed === 0) total.failed += 1;
}

console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function failedSteps(file) {
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}
