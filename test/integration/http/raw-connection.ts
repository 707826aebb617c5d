import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface RawConnection {
  readonly socket: Socket;
  /** What came so far, as soon as it contains `text`. Rejects at the end of the stream. */
  until(text: string): Promise<string>;
  /** Everything up to the other side's end. */
  all(): Promise<string>;
}

/** A bare connection that keeps its side open when the other one ends. */
export async function connectRaw(socketPath: string): Promise<RawConnection> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    received += text;
  });
  const until = async (text: string): Promise<string> => {
    const over = new AbortController();
    const stop = (): void => over.abort(new TypeError(`the stream ended without ${JSON.stringify(text)}: ${received}`));
    socket.once("end", stop);
    try {
      while (!received.includes(text)) {
        if (socket.readableEnded) stop();
        await once(socket, "data", { signal: over.signal });
      }
      return received;
    } finally {
      socket.off("end", stop);
    }
  };
  const all = async (): Promise<string> => {
    if (!socket.readableEnded) await once(socket, "end");
    return received;
  };
  return { socket, until, all };
}
