import { connect } from "node:net";
import { hasCode } from "../../../internal/errors";
import type { DialOutcome } from "../agent-protocol";

/** Connects, and hangs up at once. Never rejects. */
export function dial(to: {
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
}): Promise<DialOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host: to.address, port: to.port, timeout: to.timeoutMs });
    const settle = (outcome: DialOutcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once("connect", () => settle("connected"));
    // After a machine stood still, the answer may be here too, and is read in this turn.
    socket.once("timeout", () => setImmediate(() => settle("silent")));
    socket.once("error", (error) => settle(hasCode(error, "ECONNREFUSED") ? "refused" : "unreachable"));
  });
}
