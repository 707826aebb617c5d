import { relative } from "node:path";
import type { Reporter, TestCase } from "vitest/node";

/** Names the tests that passed only when they were tried again, with what failed at first: each is a defect to be mended. */
export default class FlakyReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    if (!test.diagnostic()?.flaky) return;
    const reasons = (test.result().errors ?? []).map(({ message, stack }) => stack ?? message);
    const file = relative(process.cwd(), test.module.moduleId);
    console.log(`\nflaky: ${file} > ${test.fullName}\n${reasons.join("\n")}`);
  }
}
