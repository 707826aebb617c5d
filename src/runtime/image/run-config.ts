import { RuncibleError } from "../../internal/errors";
import type { ImageRunConfig } from "./manifest";

type Shape = "text" | "texts" | "map" | "object";

const shapes: Readonly<Record<keyof ImageRunConfig, Shape>> = {
  User: "text",
  ExposedPorts: "object",
  Env: "texts",
  Entrypoint: "texts",
  Cmd: "texts",
  Volumes: "object",
  WorkingDir: "text",
  Labels: "map",
  StopSignal: "text",
  Healthcheck: "object",
  Shell: "texts",
  OnBuild: "texts",
};

/**
 * The `config` of an image, each known field of the type it must have. Tools write null for what is empty; it is left
 * out here. Unknown fields are too. Throws `image-invalid`.
 */
export function parseRunConfig(json: Readonly<Record<string, unknown>>): ImageRunConfig {
  const known = Object.entries(shapes).flatMap(([key, shape]) => {
    const value = json[key] ?? undefined;
    if (value === undefined) return [];
    if (!hasShape(value, shape)) throw new RuncibleError("image-invalid", `read image config: ${key} is malformed`);
    return [[key, value] as const];
  });
  return Object.fromEntries(known);
}

function hasShape(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case "text":
      return isText(value);
    case "texts":
      return Array.isArray(value) && value.every(isText);
    case "object":
      return isObject(value);
    case "map":
      return isObject(value) && Object.values(value).every(isText);
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
