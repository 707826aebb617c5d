import { createRequire } from "node:module";
import { join } from "node:path";

export const builtEntry: string = join(import.meta.dirname, "../../build/index.js");

/** What users load: it goes through no transformer, and what it loads late, it loads by `require`. */
export const builtPackage = createRequire(import.meta.url)(builtEntry) as typeof import("../../src/index");
