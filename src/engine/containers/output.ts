import type { Readable } from "node:stream";
import type { ContainerRun } from "../../runtime/container";
import type { Container } from "./container";

/**
 * Stores what a run writes and hands it to whoever is attached. Resolves when both streams have ended. A slow reader
 * holds the container back, as a slow terminal does; the log is written first, so that nothing seen is unlogged.
 */
export async function pumpOutput(container: Container, { process }: ContainerRun): Promise<void> {
  const pump = async (stream: "stdout" | "stderr", source: Readable | null): Promise<void> => {
    if (source === null) return;
    for await (const chunk of source) {
      await container.log.append(stream, chunk);
      await container.output.push({ stream, data: chunk });
    }
  };
  await Promise.all([pump("stdout", process.stdout), pump("stderr", process.stderr)]);
}
