import { shortId } from "../../internal/ids";
import { parsePlatform } from "../../internal/platform";
import { withoutPasswords } from "../../internal/without-passwords";
import type { Instruction, SourceSpan } from "../dockerfile/instruction";
import { parseTrigger } from "../dockerfile/parse";
import { placedError } from "../dockerfile/placed-error";
import { setVariables } from "../plan/run-config";
import type { StagePlan } from "../plan/stage-plan";
import { missingSource } from "../plan/unknown-stage";
import type { Build } from "./build";
import type { BuildEvent } from "./build-event";
import { argStep, configStep } from "./config-step";
import { copyStep } from "./copy-step";
import { runStep } from "./run-step";
import { scratchSnapshot } from "./snapshot";
import type { StageOutput } from "./stage-output";
import type { Stage } from "./stage-state";

/** How a stage's steps are counted among those of the build. */
export interface StepCount {
  readonly first: number;
  readonly total: number;
  /** Put on by the client, as the last step. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Carries out a stage, step by step. Throws what went wrong, with the line of the Dockerfile. */
export async function runStage(build: Build, plan: StagePlan, output: StageOutput, count: StepCount): Promise<Stage> {
  const { syntax } = plan;
  const tell = (stream: string): Promise<void> => output.emit({ stream }, build.signal);
  const at = <T>(span: SourceSpan, task: () => Promise<T>): Promise<T> =>
    task().catch((error: unknown) => {
      throw placedError(build.dockerfile.file, span, error);
    });
  let step = count.first;
  const announce = async ({ text }: SourceSpan): Promise<void> => {
    build.signal.throwIfAborted();
    await tell(`Step ${step}/${count.total} : ${withoutPasswords(text)}\n`);
    step += 1;
  };

  await announce(syntax.from);
  const base = await at(syntax.from, () => baseOf(build, plan, output));
  const { id, config } = base.snapshot;
  await tell(` ---> ${id === undefined ? "" : shortId(id)}\n`);
  let stage = begin(plan, base, output);
  const triggers = config.config?.OnBuild ?? [];
  if (triggers.length > 0) {
    await tell(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? "s" : ""}\n`);
  }
  for (const trigger of triggers) {
    const place = { line: syntax.from.line, text: trigger };
    stage = await at(place, async () => {
      const instruction = { ...parseTrigger(trigger, build.dockerfile.escapeMark), line: place.line };
      return await carryOut(build, stage, instruction);
    });
    await tellId(stage);
  }
  for (const instruction of [...syntax.instructions, ...labelInstructions(count.labels)]) {
    await announce(instruction);
    stage = await at(instruction, () => carryOut(build, stage, instruction));
    await tellId(stage);
  }
  return stage;

  async function tellId({ snapshot }: Stage): Promise<void> {
    if (snapshot.id !== undefined) await tell(` ---> ${shortId(snapshot.id)}\n`);
  }
}

/** How many steps a stage has, for the count. */
export function stepsOf({ syntax }: StagePlan, labels: Readonly<Record<string, string>>): number {
  return 1 + syntax.instructions.length + labelInstructions(labels).length;
}

type Base = Pick<Stage, "snapshot" | "args">;

/** Of an earlier stage its arguments too, as BuildKit has it; the classic builder forgets them. */
async function baseOf(build: Build, { syntax, base, platform }: StagePlan, output: StageOutput): Promise<Base> {
  switch (base.kind) {
    case "scratch":
      return { snapshot: scratchSnapshot(), args: new Map() };
    case "stage":
      return await build.stage(base.index);
    case "image": {
      const wanted = platform === undefined ? build.request.platform : parsePlatform(platform);
      const onEvent = (event: BuildEvent): void => void output.emit(event, build.signal);
      const snapshot = await build.image(base.name, onEvent, wanted).catch((error: unknown) => {
        throw missingSource(build.dockerfile, base.name, syntax.index, error);
      });
      return { snapshot, args: new Map() };
    }
  }
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Triggers of the base are carried out now and not handed on; every image has a PATH. */
function begin({ syntax }: StagePlan, { snapshot, args }: Base, output: StageOutput): Stage {
  const { OnBuild: _, ...config } = snapshot.config.config ?? {};
  const environment = config.Env ?? [];
  const hasPath = environment.some((entry) => entry.startsWith("PATH="));
  const Env = hasPath ? environment : setVariables(environment, [["PATH", defaultPath]]);
  return {
    index: syntax.index,
    snapshot,
    config: { config: { ...config, Env }, hasOwnCommand: false },
    args,
    output,
  };
}

async function carryOut(build: Build, stage: Stage, instruction: Instruction): Promise<Stage> {
  switch (instruction.kind) {
    case "RUN":
      return await runStep(build, stage, instruction);
    case "COPY":
    case "ADD":
      return await copyStep(build, stage, instruction);
    case "ARG":
      return await argStep(build, stage, instruction);
    default:
      return await configStep(build, stage, instruction);
  }
}

/** One each, by name. Quoted, so that nothing in a label is taken for a variable. */
function labelInstructions(labels: Readonly<Record<string, string>>): readonly Instruction[] {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;
  return Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => {
      const pairs = [[quoted(name), quoted(value)] as const];
      return { kind: "LABEL", line: 0, text: `LABEL ${name}=${value}`, pairs };
    });
}
