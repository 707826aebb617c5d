import { RuncibleError } from "../../internal/errors";

export const containerStates = ["created", "running", "paused", "restarting", "exited"] as const;
export type ContainerState = (typeof containerStates)[number];

/** Every move a container may make. One that is removed has no state any more. */
const moves: Readonly<Record<ContainerState, readonly ContainerState[]>> = {
  /** To itself: a start that failed. */
  created: ["running", "created"],
  running: ["paused", "exited"],
  paused: ["running", "exited"],
  restarting: ["running", "exited"],
  exited: ["running", "restarting", "exited"],
};

/** Throws `container-state` unless the table has the move. */
export function checkMove(id: string, from: ContainerState, to: ContainerState): void {
  if (moves[from].includes(to)) return;
  throw new RuncibleError("container-state", `container ${id} is ${from}: it cannot become ${to}`, {
    evidence: { from, to },
  });
}
