import { connect, type Socket, type TcpNetConnectOpts } from "node:net";

/**
 * Joins an accepted connection with one to the container. Each side's end is passed on by itself (half-close), each
 * side's reset resets the other, and a container that does not listen looks like that from outside: the client is
 * reset.
 */
export function relayTcp(client: Socket, target: TcpNetConnectOpts): void {
  const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true });
  client.allowHalfOpen = true;
  client.setNoDelay(true);
  const abort = (): void => {
    client.resetAndDestroy();
    upstream.resetAndDestroy();
  };
  client.on("error", abort);
  upstream.on("error", abort);
  upstream.once("connect", () => {
    client.pipe(upstream);
    upstream.pipe(client);
  });
}
