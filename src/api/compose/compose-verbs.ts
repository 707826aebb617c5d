import type { awaitFirstEnd } from "../../compose/execute/await-first-end";
import type { downProject, stopServices } from "../../compose/execute/down";
import type { observeContainers } from "../../compose/execute/observe";
import type { upServices } from "../../compose/execute/up";
import type { loadProject } from "../../compose/load/load-project";

export interface ComposeVerbs {
  readonly loadProject: typeof loadProject;
  readonly upServices: typeof upServices;
  readonly downProject: typeof downProject;
  readonly stopServices: typeof stopServices;
  readonly observeContainers: typeof observeContainers;
  readonly awaitFirstEnd: typeof awaitFirstEnd;
}

/** Loaded at the first use: most tests know no compose file, and importing the package is to be quick. */
export function composeVerbs(): ComposeVerbs {
  return {
    ...(require("../../compose/load/load-project") as typeof import("../../compose/load/load-project")),
    ...(require("../../compose/execute/up") as typeof import("../../compose/execute/up")),
    ...(require("../../compose/execute/down") as typeof import("../../compose/execute/down")),
    ...(require("../../compose/execute/observe") as typeof import("../../compose/execute/observe")),
    ...(require("../../compose/execute/await-first-end") as typeof import("../../compose/execute/await-first-end")),
  };
}
