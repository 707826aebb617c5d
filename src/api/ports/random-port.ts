import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

export interface PortGenerator {
  generatePort(): Promise<number>;
}

const given = new Set<number>();

/** Free TCP ports of this machine, never the same twice in one process. */
export class RandomPortGenerator implements PortGenerator {
  async generatePort(): Promise<number> {
    for (;;) {
      const port = await freePort();
      if (given.has(port)) continue;
      given.add(port);
      return port;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
