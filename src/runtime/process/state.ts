import { RuncibleError } from "../../internal/errors";

export type ContainerState = "created" | "running" | "paused" | "restarting" | "exited" | "removing" | "dead";

/** Every move a container may make. */
const moves: Readonly<Record<ContainerState, readonly ContainerState[]>> = {
  created: ["running", "exited", "removing"],
  running: ["paused", "restarting", "exited"],
  paused: ["running", "restarting", "exited"],
  restarting: ["running", "exited", "removing"],
  exited: ["running", "restarting", "removing"],
  removing: ["dead"],
  /** Its removal did not come to an end; it may be tried again. */
  dead: ["removing"],
};

export function canMove(from: ContainerState, to: ContainerState): boolean {
  return moves[from].includes(to);
}

/** Throws `container-state` unless the table has the move. */
export function checkMove(id: string, from: ContainerState, to: ContainerState): void {
  if (canMove(from, to)) return;
  throw new RuncibleError("container-state", `container ${id} is ${from}: it cannot become ${to}`, {
    evidence: { from, to },
  });
}
