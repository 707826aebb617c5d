import { examineAppArmor } from "./app-armor";
import type { Finding, Machine, Outcome, Way } from "./finding";
import { examineCgroups, examineKernel, examineOverlay } from "./kernel";
import { examineStateFolder } from "./state-folder";
import { examineNode, examineTool, tools } from "./tools";
import { examineIdRange, examineNamespaces, examineRootNamespaces, examineUserLimits, examineWayOut } from "./users";

interface Requirement {
  readonly name: string;
  readonly why: string;
  readonly ways: readonly Way[];
  look(machine: Machine): Promise<Outcome>;
}

const both: readonly Way[] = ["root", "user"];
const userOnly: readonly Way[] = ["user"];

/** In the order in which an engine would miss them. */
const requirements: readonly Requirement[] = [
  {
    name: "node",
    why: "the engine and the tests run on it",
    ways: both,
    look: () => examineNode(process.versions.node),
  },
  { name: "kernel", why: "containers are a matter of the Linux kernel", ways: both, look: examineKernel },
  ...tools.map((tool) => ({
    name: tool.command,
    why: tool.why,
    ways: tool.ways,
    look: (machine: Machine) => examineTool(tool, machine),
  })),
  {
    name: "overlay",
    why: "a container's files are its image's layers laid over each other",
    ways: both,
    look: examineOverlay,
  },
  {
    name: "namespaces",
    why: "mounts, processes and networks of the engine's own",
    ways: ["root"],
    look: examineRootNamespaces,
  },
  { name: "cgroups", why: "limits of memory, processors and processes", ways: ["root"], look: examineCgroups },
  {
    name: "AppArmor",
    why: "a second guard round root's containers, where namespaces, capabilities and seccomp are the first",
    ways: ["root"],
    look: examineAppArmor,
  },
  {
    name: "user namespaces",
    why: "an ordinary user's engine is root in a user namespace of its own",
    ways: userOnly,
    look: examineNamespaces,
  },
  {
    name: "range of ids",
    why: "the files and processes of a container belong to users of its own",
    ways: userOnly,
    look: examineIdRange,
  },
  { name: "way out", why: "containers that reach other machines", ways: userOnly, look: examineWayOut },
  { name: "user limits", why: "limits of memory, processors and processes", ways: userOnly, look: examineUserLimits },
  { name: "state folder", why: "images and containers are kept there", ways: both, look: examineStateFolder },
];

/** Everything an engine needs of its machine, for both ways of running. Changes nothing. */
export function examine(machine: Machine): Promise<Finding[]> {
  return Promise.all(
    requirements.map(async ({ name, why, ways, look }) => ({ name, why, ways, ...(await look(machine)) })),
  );
}
