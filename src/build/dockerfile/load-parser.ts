import type { DockerfileParser } from "dockerfile-ast";

/** Only a program that reads a Dockerfile pays for the library. */
export function loadParser(): typeof DockerfileParser {
  return (require("dockerfile-ast") as typeof import("dockerfile-ast")).DockerfileParser;
}
