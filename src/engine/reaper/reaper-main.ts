import { createServer, type Socket } from "node:net";
import { parseFilters, type ReaperFilters, reap } from "./reap";
import type { ReaperSettings } from "./reaper-settings";

/**
 * The reaper of the Testcontainers libraries, as its clients know it: a line is a set of filters and is answered by ACK
 * when it is kept; when the last connection has been gone for a while, everything that fits a line is removed.
 * Arguments: socket of the engine, id of the container that this stands in for, settings, address to listen on
 * (default: all).
 */
async function main(): Promise<void> {
  const [socketPath = "", ownId = "", settings = "", address] = process.argv.slice(2);
  const filters = await collectFilters(JSON.parse(settings), address);
  say(`prune what fits ${filters.length} sets of filters`);
  await reap(filters, { socketPath, ownId, say });
  say("done");
}

const maxLines = 1000;
const maxLineBytes = 64 * 1024;

/** Resolves when nobody is connected any more. */
function collectFilters(
  { port, connectionMs, reconnectionMs }: ReaperSettings,
  address: string | undefined,
): Promise<readonly ReaperFilters[]> {
  const wanted = new Map<string, ReaperFilters>();
  let connections = 0;
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const waitForClient = (milliseconds: number): void => {
      timer = setTimeout(() => {
        // Who comes now is refused, and starts its own: what it names would not be looked at any more.
        server.close();
        resolve([...wanted.values()]);
      }, milliseconds);
    };
    const keepLine = (line: string): boolean => {
      const filters = parseFilters(line);
      const isKept = filters.size > 0 && (wanted.has(line) || wanted.size < maxLines);
      if (isKept) wanted.set(line, filters);
      else say(`refused a line: only label=NAME=VALUE is taken, and no more than ${maxLines} lines`);
      return isKept;
    };
    const server = createServer((connection) => {
      connections += 1;
      clearTimeout(timer);
      say("a client is connected");
      connection.on("close", () => {
        connections -= 1;
        if (connections === 0) waitForClient(reconnectionMs);
      });
      acknowledgeLines(connection, keepLine);
    });
    server.once("error", reject);
    server.listen({ port, host: address }, () => {
      say(`Started address=[${address ?? "::"}]:${port}`);
      waitForClient(connectionMs);
    });
  });
}

/** A client that sends no end of line is cut off. */
function acknowledgeLines(connection: Socket, keepLine: (line: string) => boolean): void {
  let rest = "";
  connection.on("error", () => {});
  connection.on("data", (chunk: Buffer) => {
    rest += chunk.toString("utf8");
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (keepLine(line)) connection.write("ACK\n");
    }
    if (rest.length > maxLineBytes) connection.destroy();
  });
}

function say(text: string): void {
  process.stdout.write(`time=${new Date().toISOString()} level=INFO msg=${text}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
