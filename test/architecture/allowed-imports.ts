/**
 * One row of the table of import directions: files below `from` may import files below `may`, and those below `from`.
 */
export interface ImportRule {
  /** A folder or a file without extension, relative to `src`. The longest one that fits a file is its rule. */
  readonly from: string;
  readonly may: readonly string[];
}

/** Shapes and small facts of the runtime that its parts share. */
const runtimeShapes = ["runtime/mount", "runtime/tree"] as const;

/** Who may know whom. An arrow that is not here does not exist. */
export const allowedImports: readonly ImportRule[] = [
  { from: "internal", may: [] },
  { from: "wire", may: ["internal"] },
  { from: "runtime", may: ["internal"] },
  { from: "runtime/mount", may: [] },
  { from: "runtime/tree", may: ["internal"] },
  { from: "runtime/image", may: ["internal"] },
  { from: "runtime/registry", may: ["runtime/image", "internal"] },
  { from: "runtime/layer", may: ["runtime/image", "internal"] },
  { from: "runtime/rootfs", may: ["runtime/image", "runtime/layer", ...runtimeShapes, "internal"] },
  { from: "runtime/runc", may: [...runtimeShapes, "internal"] },
  { from: "runtime/network", may: [...runtimeShapes, "internal"] },
  { from: "runtime/process", may: ["runtime/runc", ...runtimeShapes, "internal"] },
  { from: "build", may: ["runtime", "internal"] },
  { from: "build/dockerfile", may: ["internal"] },
  { from: "engine", may: ["runtime", "build", "wire", "internal"] },
  { from: "engine/routes", may: ["engine", "wire", "internal"] },
  // The rules of .dockerignore, which are pure: what is left out need not travel to the engine.
  { from: "client", may: ["wire", "build/dockerfile", "internal"] },
  { from: "compose", may: ["client", "wire", "build/dockerfile", "internal"] },
  { from: "api", may: ["client", "compose", "wire", "build/dockerfile", "internal"] },
  { from: "index", may: ["api", "client", "internal"] },
  { from: "cli", may: ["client", "compose", "wire", "build/dockerfile", "internal"] },
];

/** The only files that see these modules of Node as values. */
export const reservedModules: Readonly<Record<string, readonly string[]>> = {
  "node:child_process": ["internal/exec.ts", "client/launch.ts"],
};

/** The only files that read `process.env`. */
export const environmentReaders: readonly string[] = [
  "api/config.ts",
  "client/connect.ts",
  "engine/config.ts",
  "cli/main.ts",
];

/** A plan decides and touches nothing: these are out of reach for files named after a plan. */
export const forbiddenToPlans: readonly string[] = [
  "node:child_process",
  "node:fs",
  "node:fs/promises",
  "internal/exec.ts",
];

/** Names that say nothing. */
export const emptyNames = /^(utils?|helpers?|common|misc|.*-?manager)$/;
