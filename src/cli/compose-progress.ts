import type { ComposeEvent, OnComposeEvent } from "../compose/execute/compose-event";
import type { Action } from "../compose/plan/operation";

/** One line per step that begins or is done: the output is for logs as well as for people. */
export function progressLines(write: (text: string) => void, isQuiet = false): OnComposeEvent {
  return (event: ComposeEvent) => {
    if (event.kind === "warning") return write(` ! ${event.text}\n`);
    if (event.kind === "progress") return isQuiet ? undefined : write(`   ${subjectOf(event.action)}: ${event.text}\n`);
    const [doing, done] = words[event.action.kind];
    const state = { begin: doing, done, failed: "Error" }[event.kind];
    write(` ${subjectOf(event.action)}  ${state}\n`);
  };
}

const words: Readonly<Record<Action["kind"], readonly [string, string]>> = {
  "create-network": ["Creating", "Created"],
  "create-volume": ["Creating", "Created"],
  "pull-image": ["Pulling", "Pulled"],
  "build-image": ["Building", "Built"],
  "create-container": ["Creating", "Created"],
  "start-container": ["Starting", "Started"],
  "restart-container": ["Restarting", "Restarted"],
  "stop-container": ["Stopping", "Stopped"],
  "remove-container": ["Removing", "Removed"],
  "await-service": ["Waiting", "Ready"],
  "remove-network": ["Removing", "Removed"],
  "remove-volume": ["Removing", "Removed"],
  "remove-image": ["Removing", "Removed"],
};

function subjectOf(action: Action): string {
  switch (action.kind) {
    case "create-network":
      return `Network ${action.body.Name}`;
    case "create-volume":
      return `Volume ${action.body.Name}`;
    case "pull-image":
    case "build-image":
      return `Image ${action.image}`;
    case "await-service":
      return `Service ${action.service}`;
    case "remove-network":
      return `Network ${action.name}`;
    case "remove-volume":
      return `Volume ${action.name}`;
    case "remove-image":
      return `Image ${action.name}`;
    default:
      return `Container ${action.name}`;
  }
}
