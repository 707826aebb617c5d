import { expand } from "../../build/dockerfile/expand";
import type { Dockerfile } from "../../build/dockerfile/instruction";
import { parseDockerfile } from "../../build/dockerfile/parse";
import { ImageName, registryOf } from "./image-name";

/**
 * The images that a build may pull: those of FROM and `--from`. Of a Dockerfile with a mistake in it there are none: the
 * daemon says what is wrong.
 */
export function baseImages(dockerfileText: string, buildArgs: Readonly<Record<string, string>>): readonly ImageName[] {
  return namesOf(dockerfileText, buildArgs).map((name) => ImageName.fromString(name));
}

/**
 * The registries that BuildKit may ask in a build, each once: those of the images, and of `# syntax` or its build argument.
 * None when the Dockerfile cannot be read.
 */
export function registriesOf(dockerfileText: string, buildArgs: Readonly<Record<string, string>>): readonly string[] {
  const names = namesOf(dockerfileText, buildArgs);
  const syntax = buildArgs["BUILDKIT_SYNTAX"] ?? /^\s*#\s*syntax\s*=\s*(\S+)/im.exec(dockerfileText)?.[1];
  const all = names.length === 0 || syntax === undefined ? names : [...names, syntax];
  return [...new Set(all.map(registryOf))];
}

function namesOf(dockerfileText: string, buildArgs: Readonly<Record<string, string>>): readonly string[] {
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
