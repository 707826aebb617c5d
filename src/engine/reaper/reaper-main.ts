import { createServer, type Socket } from "node:net";
import { parseFilters, type ReaperFilters, reap } from "./reap";
import type { ReaperSettings } from "./reaper-settings";

/**
 * The reaper of the Testcontainers libraries, as its clients know it: a line is a set of filters and is answered by ACK;
 * when the last connection has been gone for a while, everything that fits a line is removed. Arguments: socket of the
 * engine, id of the container that this stands in for, settings.
 */
async function main(): Promise<void> {
  const [socketPath = "", ownId = "", settings = ""] = process.argv.slice(2);
  const filters = await collectFilters(JSON.parse(settings));
  say(`prune what fits ${filters.length} sets of filters`);
  await reap(filters, { socketPath, ownId, say });
  say("done");
}

const maxLines = 1000;
const maxLineBytes = 64 * 1024;

/** Resolves when nobody is connected any more. */
function collectFilters({ port, connectionMs, reconnectionMs }: ReaperSettings): Promise<readonly ReaperFilters[]> {
  const wanted = new Map<string, ReaperFilters>();
  let connections = 0;
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const waitForClient = (milliseconds: number): void => {
      timer = setTimeout(() => resolve([...wanted.values()]), milliseconds);
    };
    const onLine = (line: string): void => {
      const filters = parseFilters(line);
      if (filters.size > 0 && wanted.size < maxLines) wanted.set(line, filters);
    };
    const server = createServer((connection) => {
      connections += 1;
      clearTimeout(timer);
      say("a client is connected");
      connection.on("close", () => {
        connections -= 1;
        if (connections === 0) waitForClient(reconnectionMs);
      });
      acknowledgeLines(connection, onLine);
    });
    server.once("error", reject);
    server.listen(port, () => {
      say(`Started address=[::]:${port}`);
      waitForClient(connectionMs);
    });
  });
}

/** A client that sends no end of line is cut off. */
function acknowledgeLines(connection: Socket, onLine: (line: string) => void): void {
  let rest = "";
  connection.on("error", () => {});
  connection.on("data", (chunk: Buffer) => {
    rest += chunk.toString("utf8");
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      onLine(line);
      connection.write("ACK\n");
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
