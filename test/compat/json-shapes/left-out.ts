import { readFile } from "node:fs/promises";

const docs = new URL("../../../docs/docker-api.md", import.meta.url);

/** Whether the table in docs/docker-api.md says that a field is left out; `*` there stands for anything. */
export async function readLeftOut(): Promise<(answer: string, field: string) => boolean> {
  const text = await readFile(docs, "utf8");
  const [, table = ""] = text.split("## Fields that are left out");
  const rows = [...table.matchAll(/^\| (`.*?) +\| (.*?) +\| .* \|$/gm)].map(([, fields = "", answers = ""]) => ({
    answers: answers.split(", "),
    patterns: [...fields.matchAll(/`([^`]+)`/g)].map(([, field = ""]) => patternOf(field)),
  }));
  if (rows.length === 0) throw new TypeError("docs/docker-api.md has no table of fields that are left out");
  return (answer, field) =>
    rows.some(({ answers, patterns }) => answers.includes(answer) && patterns.some((pattern) => pattern.test(field)));
}

function patternOf(field: string): RegExp {
  const parts = field.split("*").map((part) => part.replace(/[.[\]]/g, "\\$&"));
  return new RegExp(`^(.*\\[\\]\\.)?${parts.join(".*")}$`);
}
