import { basename } from "node:path";
import type { EngineClient } from "../../client/client";
import { nodeProgram } from "../../internal/node-program";

export interface RelayTarget {
  readonly exposePort: number;
  readonly host: string;
  readonly internalPort: number;
}

export interface RelayCommand {
  readonly entrypoint: string[];
  readonly command: string[];
}

/**
 * Name of an image with this machine's Node and nothing else, made if it is not there. Only on our own engine, which
 * runs on this machine; nothing is pulled.
 */
export async function nodeImage(engine: EngineClient): Promise<string> {
  const name = `localhost/runcible/node:${process.version.slice(1)}`;
  if (!(await engine.images.exists(name))) {
    await engine.images.buildHostImage({ Name: name, Executables: [nodeProgram()] });
  }
  return name;
}

/** What a container of that image is to run: a listener per target, whose connections go on to it. */
export function relayCommand(targets: readonly RelayTarget[]): RelayCommand {
  return {
    entrypoint: [basename(nodeProgram()), "--eval", relayProgram, "--"],
    command: targets.flatMap(({ exposePort, host, internalPort }) => [String(exposePort), host, String(internalPort)]),
  };
}

/**
 * Each side's end is passed on by itself, and each side's failure resets the other. As process 1, it must ask for
 * SIGTERM.
 */
const relayProgram = `
const { connect, createServer } = require("node:net");
const words = process.argv.slice(1);
process.on("SIGTERM", () => process.exit(0));
for (let at = 0; at + 2 < words.length; at += 3) {
  const [port, host, hostPort] = [Number(words[at]), words[at + 1], Number(words[at + 2])];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ host, port: hostPort, allowHalfOpen: true, noDelay: true });
    const abort = (error) => {
      console.error(host + ":" + hostPort + ": " + error.message);
      client.resetAndDestroy();
      target.resetAndDestroy();
    };
    client.on("error", abort).pipe(target);
    target.on("error", abort).pipe(client);
  });
  server.on("error", (error) => { console.error(error.message); process.exit(1); });
  server.listen(port);
}
`;
