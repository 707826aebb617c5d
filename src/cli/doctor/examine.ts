import type { Finding, Machine } from "./finding";
import { examineCgroups, examineKernel, examineOverlay, examineUserNamespaces } from "./kernel";
import { examinePrivileges } from "./privileges";
import { examineStateFolder } from "./state-folder";
import { examineNode, examineTool, tools } from "./tools";

/** Everything an engine needs of its machine, in the order in which it would miss it. Changes nothing. */
export function examine(machine: Machine): Promise<Finding[]> {
  return Promise.all([
    examineNode(process.versions.node),
    examineKernel(),
    examinePrivileges(machine),
    ...tools.map((tool) => examineTool(tool, machine)),
    examineCgroups(),
    examineOverlay(),
    examineUserNamespaces(machine),
    examineStateFolder(machine),
  ]);
}
