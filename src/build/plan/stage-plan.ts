import { RuncibleError } from "../../internal/errors";
import { nearestWord } from "../../internal/nearest-word";
import { expand, type Variables } from "../dockerfile/expand";
import type { Dockerfile, Instruction, StageSyntax } from "../dockerfile/instruction";
import { inPlace } from "../dockerfile/placed-error";
import { syntaxError } from "../dockerfile/syntax-error";
import { parseMount } from "./mount-flag";
import { stageNames } from "./unknown-stage";

/** Where files or a whole root come from. */
export type Source =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly name: string };

export interface StagePlan {
  readonly syntax: StageSyntax;
  readonly base: Source;
  readonly platform?: string;
}

export interface BuildPlan {
  /** All stages of the file, needed or not. */
  readonly stages: readonly StagePlan[];
  /** Indices of those that the target needs, itself last, in the order of the file. */
  readonly needed: readonly number[];
  readonly target: number;
}

/** Throws `invalid-argument` for a target that is not there and a FROM that names nothing. */
export function planStages(dockerfile: Dockerfile, target: string, globals: Variables): BuildPlan {
  const stages = dockerfile.stages.map((syntax) =>
    inPlace(dockerfile.file, syntax.from, () => planStage(dockerfile, syntax, globals)),
  );
  const index = targetIndex(dockerfile, target);
  const needed = new Set<number>();
  const need = (at: number): void => {
    const stage = stages[at];
    if (stage === undefined || needed.has(at)) return;
    needed.add(at);
    for (const source of sourcesOf(dockerfile, stage)) if (source.kind === "stage") need(source.index);
  };
  need(index);
  return { stages, needed: [...needed].sort((left, right) => left - right), target: index };
}

/** What `--from` means in a stage: an earlier stage by name or number, else an image. */
export function resolveFrom(dockerfile: Dockerfile, from: string, before: number): Source {
  if (from.includes("$")) {
    const advice = `begin a stage with it, FROM ${from} AS name, and take --from=name`;
    throw new RuncibleError("invalid-argument", `--from=${from}: variables mean nothing here; ${advice}`);
  }
  const byName = stageNamed(dockerfile, from, before);
  if (byName !== undefined) return { kind: "stage", index: byName };
  if (!/^\d+$/.test(from)) return from === "scratch" ? { kind: "scratch" } : { kind: "image", name: from };
  const index = Number(from);
  if (index < before) return { kind: "stage", index };
  const count = before === 0 ? "this is the first stage" : `the earlier stages are 0 to ${before - 1}`;
  throw new RuncibleError(
    "invalid-argument",
    `invalid from flag value ${from}: there is no earlier stage of that number; ${count}`,
  );
}

function planStage(dockerfile: Dockerfile, syntax: StageSyntax, globals: Variables): StagePlan {
  const { from, index } = syntax;
  const name = expand(from.image, globals, dockerfile.escapeMark);
  if (name === "") throw syntaxError(from.line, `base name (${from.image}) should not be blank`);
  const platform = from.platform === undefined ? "" : expand(from.platform, globals, dockerfile.escapeMark);
  return { syntax, base: baseOf(dockerfile, name, index), ...(platform === "" ? {} : { platform }) };
}

function baseOf(dockerfile: Dockerfile, name: string, before: number): Source {
  if (name === "scratch") return { kind: "scratch" };
  const stage = stageNamed(dockerfile, name, before);
  return stage === undefined ? { kind: "image", name } : { kind: "stage", index: stage };
}

/** The last one of a name counts. */
function stageNamed(dockerfile: Dockerfile, name: string, before: number): number | undefined {
  const wanted = name.toLowerCase();
  return dockerfile.stages.slice(0, before).findLast(({ from }) => from.name === wanted)?.index;
}

function targetIndex(dockerfile: Dockerfile, target: string): number {
  if (target === "") return dockerfile.stages.length - 1;
  const named = stageNamed(dockerfile, target, dockerfile.stages.length);
  if (named !== undefined) return named;
  if (/^\d+$/.test(target) && Number(target) < dockerfile.stages.length) return Number(target);
  const nearest = nearestWord(target.toLowerCase(), stageNames(dockerfile, dockerfile.stages.length));
  const hint = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
  throw new RuncibleError("invalid-argument", `target stage ${JSON.stringify(target)} could not be found${hint}`);
}

function sourcesOf(dockerfile: Dockerfile, { syntax, base }: StagePlan): readonly Source[] {
  const froms = syntax.instructions.flatMap((instruction) =>
    inPlace(dockerfile.file, instruction, () =>
      fromsOf(instruction).map((from) => resolveFrom(dockerfile, from, syntax.index)),
    ),
  );
  return [base, ...froms];
}

function fromsOf(instruction: Instruction): readonly string[] {
  switch (instruction.kind) {
    case "COPY":
      return instruction.from === undefined ? [] : [instruction.from];
    case "RUN":
      return instruction.mounts.flatMap((text) => parseMount(text).from ?? []);
    default:
      return [];
  }
}
