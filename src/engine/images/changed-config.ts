import { expand } from "../../build/dockerfile/expand";
import { parseTrigger } from "../../build/dockerfile/parse";
import { applyInstruction, isConfigInstruction, type StageConfig } from "../../build/plan/run-config";
import { variablesIn } from "../../build/plan/variables-in";
import { RuncibleError } from "../../internal/errors";
import type { ImageRunConfig } from "../../runtime/image/manifest";

const allowed = [
  ...["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL"],
  ...["ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"],
];

/** A configuration after `--change` instructions of commit and import. Throws `invalid-argument`. */
export function changedConfig(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  let stage: StageConfig = { config, hasOwnCommand: false };
  for (const change of changes) {
    const instruction = parseTrigger(change, "\\");
    if (!isConfigInstruction(instruction) || !allowed.includes(instruction.kind)) {
      throw new RuncibleError("invalid-argument", `${instruction.kind} is not a valid change command`);
    }
    const variables = variablesIn(stage.config);
    stage = applyInstruction(stage, instruction, (text) => expand(text, variables, "\\"));
  }
  return stage.config;
}
