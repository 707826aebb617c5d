import { expand } from "./expand";
import type { Dockerfile } from "./instruction";
import { parseDockerfile } from "./parse";

/**
 * Names of the images that a build may pull, each once: those of FROM and `--from`. Of a Dockerfile with a mistake in
 * it there are none: the daemon says what is wrong. Pure.
 */
export function baseNames(dockerfileText: string, buildArgs: Readonly<Record<string, string>>): readonly string[] {
  try {
    const dockerfile = parseDockerfile(dockerfileText);
    const stageNames = dockerfile.stages.map(({ from }) => from.name);
    const images = imagesOf(dockerfile, buildArgs).filter((name) => name !== "scratch" && !stageNames.includes(name));
    return [...new Set(images)];
  } catch {
    return [];
  }
}

function imagesOf(dockerfile: Dockerfile, buildArgs: Readonly<Record<string, string>>): readonly string[] {
  const { stages, globalArgs, escapeMark } = dockerfile;
  const variables = new Map<string, string>();
  for (const { name, value } of globalArgs.flatMap(({ args }) => args)) {
    variables.set(name, buildArgs[name] ?? (value === undefined ? "" : expand(value, variables, escapeMark)));
  }
  const bases = stages.map(({ from }) => expand(from.image, variables, escapeMark));
  const sources = stages.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) => {
      if (instruction.kind === "RUN")
        return instruction.mounts.flatMap((mount) => /\bfrom=([^,]+)/.exec(mount)?.[1] ?? []);
      return "from" in instruction && instruction.from !== undefined ? [instruction.from] : [];
    }),
  );
  return [...bases, ...sources.filter((source) => !/^\d+$/.test(source))];
}
