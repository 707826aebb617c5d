import { RuncibleError } from "../internal/errors";

// The texts are Docker's, word for word: clients match on them (contract, section 1.2). Hence no "verb object: …" here.

export function noSuchContainer(ref: string): RuncibleError {
  return new RuncibleError("container-not-found", `No such container: ${ref}`);
}

/** `name` as the user typed it, with its tag. */
export function noSuchImage(name: string): RuncibleError {
  return new RuncibleError("image-not-found", `No such image: ${name}`);
}

export function noSuchExec(id: string): RuncibleError {
  return new RuncibleError("exec-not-found", `No such exec instance: ${id}`);
}

export function noSuchNetwork(ref: string): RuncibleError {
  return new RuncibleError("network-not-found", `network ${ref} not found`);
}

export function noSuchVolume(name: string): RuncibleError {
  return new RuncibleError("volume-not-found", `get ${name}: no such volume`);
}

export function containerNameInUse(name: string, containerId: string): RuncibleError {
  return new RuncibleError(
    "name-in-use",
    `Conflict. The container name "/${name}" is already in use by container "${containerId}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}

export function networkNameInUse(name: string): RuncibleError {
  return new RuncibleError("name-in-use", `network with name ${name} already exists`);
}

export function containerNotRunning(id: string): RuncibleError {
  return new RuncibleError("container-not-running", `container ${id} is not running`);
}

/** Between two tries of a restart policy. */
export function containerRestarts(id: string): RuncibleError {
  return new RuncibleError(
    "container-not-running",
    `Container ${id} is restarting, wait until the container is running`,
  );
}

/** `ref` as the client named it; `before` what. */
export function containerIsPaused(ref: string, before: string): RuncibleError {
  return new RuncibleError("container-state", `Container ${ref} is paused, unpause the container before ${before}`);
}

/** `name` without the slash. */
export function containerIsInUse(name: string, status: "running" | "paused" | "restarting"): RuncibleError {
  const advice =
    status === "paused" ? " and must be unpaused first" : ": stop the container before removing or force remove";
  return new RuncibleError("container-state", `cannot remove container "/${name}": container is ${status}${advice}`);
}

export function removalInProgress(id: string): RuncibleError {
  return new RuncibleError("container-state", `removal of container ${id} is already in progress`);
}

export function execAlreadyRan(id: string): RuncibleError {
  return new RuncibleError("container-state", `Exec command ${id} has already run`);
}

export function noSuchPath(path: string, ref: string): RuncibleError {
  return new RuncibleError("path-not-found", `Could not find the file ${path} in container ${ref}`);
}

export function ambiguousRef(ref: string): RuncibleError {
  return new RuncibleError("invalid-argument", `multiple IDs found with provided prefix: ${ref}`);
}

export function portAllocated(name: string, endpointId: string, hostIp: string, hostPort: number): RuncibleError {
  return new RuncibleError(
    "port-in-use",
    `driver failed programming external connectivity on endpoint ${name} (${endpointId}): Bind for ${hostIp}:${hostPort} failed: port is already allocated`,
  );
}

/** As Docker puts what it was about to do before what went wrong. The kind, and with it the status, stays. */
export function withPrefix(prefix: string, error: unknown): unknown {
  if (!(error instanceof RuncibleError)) return error;
  return new RuncibleError(error.code, `${prefix}: ${error.message}`, { cause: error, evidence: error.evidence });
}
