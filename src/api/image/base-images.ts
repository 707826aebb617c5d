import { baseNames } from "../../build/dockerfile/base-names";
import { ImageName, registryOf } from "./image-name";

/** The images that a build may pull; none when the Dockerfile cannot be read. */
export function baseImages(dockerfileText: string, buildArgs: Readonly<Record<string, string>>): readonly ImageName[] {
  return baseNames(dockerfileText, buildArgs).map((name) => ImageName.fromString(name));
}

/**
 * The registries that BuildKit may ask in a build, each once: those of the images, and of `# syntax` or its build
 * argument. None when the Dockerfile cannot be read.
 */
export function registriesOf(dockerfileText: string, buildArgs: Readonly<Record<string, string>>): readonly string[] {
  const names = baseNames(dockerfileText, buildArgs);
  const syntax = buildArgs["BUILDKIT_SYNTAX"] ?? /^\s*#\s*syntax\s*=\s*(\S+)/im.exec(dockerfileText)?.[1];
  const all = names.length === 0 || syntax === undefined ? names : [...names, syntax];
  return [...new Set(all.map(registryOf))];
}
