import { lstat } from "node:fs/promises";
import { posix } from "node:path";
import { resolveInRoot } from "../context/path-in-root";
import { expand } from "../dockerfile/expand";
import type { ArgInstruction } from "../dockerfile/instruction";
import { stageArg } from "../plan/build-args";
import { configCreatedBy } from "../plan/created-by";
import { applyInstruction, type ConfigInstruction } from "../plan/run-config";
import type { Build } from "./build";
import { type StepRecord, stepKey } from "./build-cache";
import { makeFolders, rootOwner } from "./copy-tree";
import { makeLayer } from "./make-layer";
import { ownerOf } from "./owner-of";
import { diffIdsOf, nextSnapshot } from "./snapshot";
import { type Stage, variablesOf } from "./stage-state";

/** An instruction that changes the configuration only; WORKDIR makes its folder if that lacks. */
export async function configStep(build: Build, stage: Stage, instruction: ConfigInstruction): Promise<Stage> {
  const variables = variablesOf(stage);
  const expanded = (text: string): string => expand(text, variables, build.dockerfile.escapeMark);
  const config = applyInstruction(stage.config, instruction, expanded);
  const createdBy = configCreatedBy(instruction, config, expanded);
  const folder = instruction.kind === "WORKDIR" ? (config.config.WorkingDir ?? "/") : undefined;
  const author = instruction.kind === "MAINTAINER" ? { author: instruction.name } : {};
  const record = await remembered(build, stage, ["config", stage.snapshot.id, createdBy, config.config, author], () =>
    folder === undefined ? emptyStep() : makeWorkingFolder(build, stage, folder),
  );
  return {
    ...stage,
    config,
    snapshot: nextSnapshot(stage.snapshot, { ...record, runConfig: config.config, createdBy, ...author }),
  };
}

/** ARG: from here on the variable has its value, in this stage. */
export async function argStep(build: Build, stage: Stage, instruction: ArgInstruction): Promise<Stage> {
  const args = new Map(stage.args);
  for (const arg of instruction.args) {
    build.usedArgs.add(arg.name);
    const value = stageArg(arg, variablesOf({ ...stage, args }), build.args);
    // Without a value it keeps the one that an earlier ARG gave it.
    if (value !== undefined) args.set(arg.name, value);
  }
  const createdBy = configCreatedBy(instruction, stage.config, (text) =>
    expand(text, variablesOf({ ...stage, args }), build.dockerfile.escapeMark),
  );
  const record = await remembered(build, stage, ["arg", stage.snapshot.id, createdBy], emptyStep);
  const runConfig = stage.config.config;
  return { ...stage, args, snapshot: nextSnapshot(stage.snapshot, { ...record, runConfig, createdBy }) };
}

async function remembered(
  build: Build,
  stage: Stage,
  parts: readonly unknown[],
  make: () => Promise<StepRecord>,
): Promise<StepRecord> {
  const { record, isCached } = await build.parts.cache.step({
    key: stepKey(parts),
    isCacheUsed: build.request.isCacheUsed,
    lease: build.lease,
    signal: build.signal,
    make,
  });
  if (isCached) await stage.output.emit({ stream: " ---> Using cache\n" }, build.signal);
  return record;
}

async function emptyStep(): Promise<StepRecord> {
  return { created: new Date().toISOString(), sizeBytes: 0 };
}

async function makeWorkingFolder(build: Build, stage: Stage, folder: string): Promise<StepRecord> {
  const isThere = await hasFolder(build, stage, folder);
  if (isThere) return await emptyStep();
  return await makeLayer(build, diffIdsOf(stage.snapshot), async ({ rootPath }) => {
    // The user's, as BuildKit has it: what USER names is to write there. Nobody's name is no reason to fail before it
    // runs.
    const user = stage.config.config.User;
    await makeFolders(rootPath, folder, user ? await ownerOf(rootPath, user).catch(() => rootOwner) : rootOwner);
  });
}

async function hasFolder(build: Build, { snapshot }: Stage, folder: string): Promise<boolean> {
  if (folder === "/") return true;
  if (snapshot.layers.length === 0) return false;
  const root = await build.rootOfSnapshot(snapshot);
  const path = await resolveInRoot(root, posix.join("/", folder), { followLast: true });
  return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;
}
