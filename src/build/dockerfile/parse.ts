import { nearestWord } from "../../internal/nearest-word";
import type { ArgInstruction, Dockerfile, Instruction, StageSyntax } from "./instruction";
import { parseArg } from "./instructions/arg";
import { parseAdd, parseCopy } from "./instructions/copy";
import { parseFrom } from "./instructions/from";
import { parseHealthCheck } from "./instructions/health-check";
import { parseExpose, parseVolume } from "./instructions/lists";
import { parseOnBuild } from "./instructions/on-build";
import { parsePairs } from "./instructions/pairs";
import { parseRun } from "./instructions/run";
import { parseShell } from "./instructions/shell";
import { parseCommand, parseSingle } from "./instructions/single";
import { inPlace, placedError } from "./placed-error";
import { spanOf } from "./source-span";
import { readStatements, type Statement } from "./statements";
import { syntaxError } from "./syntax-error";

/** Reads a Dockerfile. Throws `invalid-argument` with the place of the mistake; `file` is its name there. */
export function parseDockerfile(text: string, file = "Dockerfile"): Dockerfile {
  const { escapeMark, statements } = readStatements(text, file);
  const nowhere = { line: 1, text: "" };
  if (statements.length === 0) throw placedError(file, nowhere, syntaxError(1, "file with no instructions"));
  const globalArgs: ArgInstruction[] = [];
  const stages: (StageSyntax & { readonly instructions: Instruction[] })[] = [];
  const add = (statement: Statement): void => {
    const stage = stages.at(-1);
    if (statement.keyword === "FROM") {
      stages.push({ index: stages.length, from: parseFrom(statement), instructions: [] });
    } else if (stage !== undefined) {
      stage.instructions.push(parseInstruction(statement, escapeMark));
    } else if (statement.keyword === "ARG") {
      globalArgs.push(parseArg(statement, escapeMark));
    } else {
      throw syntaxError(statement.line, `no build stage in current context: ${statement.keyword} stands before FROM`);
    }
  };
  for (const statement of statements) inPlace(file, spanOf(statement), () => add(statement));
  if (stages.length === 0) throw placedError(file, nowhere, syntaxError(1, "file with no build stage: FROM lacks"));
  return { file, escapeMark, globalArgs, stages };
}

/** The instruction of an ONBUILD trigger. Throws `invalid-argument`. */
export function parseTrigger(text: string, escapeMark: string): Instruction {
  const [statement] = readStatements(text, "ONBUILD").statements;
  if (statement === undefined) throw syntaxError(1, `"${text}" is no ONBUILD trigger`);
  return parseInstruction(statement, escapeMark);
}

function parseInstruction(statement: Statement, escapeMark: string): Instruction {
  const { keyword } = statement;
  switch (keyword) {
    case "ARG":
      return parseArg(statement, escapeMark);
    case "RUN":
      return parseRun(statement);
    case "COPY":
      return parseCopy(statement);
    case "ADD":
      return parseAdd(statement);
    case "ENV":
    case "LABEL":
      return parsePairs(keyword, statement, escapeMark);
    case "CMD":
    case "ENTRYPOINT":
      return parseCommand(keyword, statement);
    case "WORKDIR":
    case "USER":
    case "STOPSIGNAL":
    case "MAINTAINER":
      return parseSingle(keyword, statement);
    case "VOLUME":
      return parseVolume(statement);
    case "EXPOSE":
      return parseExpose(statement);
    case "SHELL":
      return parseShell(statement);
    case "HEALTHCHECK":
      return parseHealthCheck(statement);
    case "ONBUILD":
      return parseOnBuild(statement);
    default:
      throw syntaxError(statement.line, `unknown instruction: ${keyword}${hintFor(keyword)}`);
  }
}

const keywords: readonly string[] = (
  "FROM ARG RUN COPY ADD ENV LABEL CMD ENTRYPOINT WORKDIR USER STOPSIGNAL MAINTAINER VOLUME EXPOSE SHELL HEALTHCHECK " +
  "ONBUILD"
).split(" ");

function hintFor(keyword: string): string {
  const nearest = nearestWord(keyword, keywords);
  return nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
}
