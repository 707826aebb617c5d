import { ownUserNamespace } from "../../internal/user-namespace";
import { allowedUlimits } from "../../runtime/runc/own-limits";
import { ociResources } from "../../runtime/runc/resources";
import type { ResourceSpec } from "../routes/container-spec";
import type { ContainerContext } from "./context";

const discarded =
  "Limits of memory, processors and processes are discarded: this user has no cgroup of its own (see docs/rootless.md)";

/** What of the limits asked for this engine cannot hold: an ordinary user's, mostly. Told to whoever asks, logged once. */
export function limitWarnings(context: ContainerContext, resources: Partial<ResourceSpec>): readonly string[] {
  const asksForCgroup = Object.keys(ociResources(resources)).length > 0;
  const warnings = [
    ...(asksForCgroup && context.runtime.cgroupParent === undefined ? [discarded] : []),
    ...loweredUlimits(resources.ulimits ?? []),
    ...(resources.discarded ?? []),
  ];
  for (const warning of warnings) context.warnOnce(warning);
  return warnings;
}

function loweredUlimits(ulimits: ResourceSpec["ulimits"]): readonly string[] {
  const allowed = allowedUlimits(ulimits, ownUserNamespace());
  return ulimits.flatMap(({ name, hard }, index) => {
    const granted = allowed[index]?.hard;
    return granted === hard ? [] : [`Ulimit ${name} is lowered to ${granted}: an ordinary user cannot raise it`];
  });
}
