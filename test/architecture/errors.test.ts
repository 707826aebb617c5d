import { join } from "node:path";
import { expect, test } from "vitest";
import { type ErrorCode, errorTable, hasCode, isRuncibleError, RuncibleError } from "../../src/internal/errors";

const codes = Object.keys(errorTable) as ErrorCode[];
const document = join(import.meta.dirname, "../../docs/errors.md");

const introduction = `# Errors

Everything this package throws is a \`RuncibleError\` with a \`code\` that stays the same between versions, a \`kind\` (the class of the
code), the \`cause\` it came from, and \`evidence\`: facts for programs, such as the command, its exit code, or a container's
last log lines. The message says what was being done to what, what went wrong, and what to do next.

Compare codes, not classes: two copies of this package may be loaded at once.

\`\`\`js
try {
  await new GenericContainer("no/such:image").start();
} catch (error) {
  if (error.code === "image-exists-nowhere") console.log(error.message);
}
\`\`\`
`;

/** After a change of the table: npm run test:unit -- -u test/architecture/errors.test.ts */
test("docs/errors.md lists exactly the codes of the error table", async () => {
  const rows = codes.toSorted().map((code) => `| \`${code}\` | ${errorTable[code].kind} | ${errorTable[code].when} |`);
  const table = ["| code | kind | when |", "| --- | --- | --- |", ...rows].join("\n");
  await expect(`${introduction}\n${table}\n`).toMatchFileSnapshot(document);
});

test.each(codes)("an error of code %s keeps its cause, kind and evidence", (code) => {
  const cause = new TypeError("deep down");
  const error = new RuncibleError(code, "do something: it went wrong", { cause, evidence: { exitCode: 1 } });
  expect(error).toMatchObject({ code, cause, kind: errorTable[code].kind, evidence: { exitCode: 1 } });
  expect(isRuncibleError(error) && hasCode(error, code)).toBe(true);
});
