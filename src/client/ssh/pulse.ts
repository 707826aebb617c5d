import type { Socket } from "node:net";
import type { Client } from "ssh2";
import { RuncibleError } from "../../internal/errors";

/** Questions without an answer until a server counts as gone, as many as `ssh` has. */
const missedLimit = 3;

/**
 * Asks the server now and then for a sign of life, and ends a connection on which none comes: the kernel there answers
 * for a server that hangs. `ssh2` can do so itself, but with a timer that keeps the process alive.
 */
export function watchPulse(client: Client, socket: Socket, intervalMs: number): void {
  let missed = 0;
  let seenBytes = 0;
  const timer = setInterval(() => {
    // Whatever it sends is a sign of life: a slow line may hold the answer back.
    if (socket.bytesRead > seenBytes) missed = 0;
    seenBytes = socket.bytesRead;
    if (missed === missedLimit) {
      socket.destroy(new RuncibleError("timeout", `it gave no sign of life for ${(missed * intervalMs) / 1000} s`));
      return;
    }
    if (!socket.writable) return;
    missed += 1;
    // To end a forwarding that does not exist is refused by every server, and changes nothing.
    client.unforwardIn("", 0, () => {});
  }, intervalMs).unref();
  socket.once("close", () => clearInterval(timer));
}
