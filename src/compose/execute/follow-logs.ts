import { StringDecoder } from "node:string_decoder";
import type { EngineClient } from "../../client/client";
import { label } from "../plan/labels";
import type { ObservedContainer } from "../plan/observed";
import { observeContainers } from "./observe";

export interface FollowLogsOptions {
  /** Empty: all. */
  readonly services: readonly string[];
  readonly follow: boolean;
  /** Last lines of each container. Default: all. */
  readonly tail?: number;
  /** `web-1  | ` before each line. Default: true. */
  readonly hasPrefix?: boolean;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

/**
 * Shows what the containers of a project write, line by line. Resolves at the end of all, or when the signal is raised.
 */
export async function followLogs(client: EngineClient, project: string, options: FollowLogsOptions): Promise<void> {
  const { services, hasPrefix = true } = options;
  const containers = (await observeContainers(client, project)).filter(
    ({ service }) => services.length === 0 || services.includes(service),
  );
  const names = containers.map(shortName);
  const width = Math.max(0, ...names.map(({ length }) => length));
  // Following does not keep the process alive; whoever looks at it wants that.
  const hold = setInterval(() => {}, 2 ** 30);
  try {
    await Promise.all(
      containers.map((container, index) => {
        const prefix = hasPrefix ? `${(names[index] ?? "").padEnd(width)}  | ` : "";
        return followOne(client, container.id, prefix, options);
      }),
    );
  } finally {
    clearInterval(hold);
  }
}

async function followOne(
  client: EngineClient,
  id: string,
  prefix: string,
  { follow, tail, signal, write }: FollowLogsOptions,
): Promise<void> {
  const stream = await client.containers.logs(id, { follow, tail, signal });
  const stop = (): void => void stream.destroy();
  signal.addEventListener("abort", stop);
  const decoder = new StringDecoder("utf8");
  let rest = "";
  try {
    for await (const chunk of stream) {
      const lines = (rest + (typeof chunk === "string" ? chunk : decoder.write(chunk))).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) write(`${prefix}${line}\n`);
    }
    if (rest !== "") write(`${prefix}${rest}\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function shortName({ name, labels }: ObservedContainer): string {
  return name.replace(`${labels[label.project] ?? ""}-`, "");
}
