import type { ContainerRun } from "../../runtime/container";
import type { HubChunk } from "../../runtime/process/hub";
import { pumpOutput } from "../../runtime/process/pump";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

/**
 * Stores what a run writes and hands it to whoever is attached. Resolves when there is no more of it; never rejects. A
 * slow reader holds the container back, as a slow terminal does; the log is written first, so that nothing seen is
 * unlogged. Lines that a full disk has no room for are lost to the log, not to who is attached.
 */
export function keepOutput(context: ContainerContext, container: Container, { process }: ContainerRun): Promise<void> {
  const { log, output } = container;
  let isLosing = false;
  const store = async ({ stream, data }: HubChunk): Promise<void> => {
    try {
      await log.append(stream, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      isLosing = false;
    } catch (error) {
      if (!isLosing) context.logger.warn("write log: lines are lost", { container: container.id, error });
      isLosing = true;
    }
  };
  const deliver = async (chunk: HubChunk): Promise<void> => {
    await store(chunk);
    await output.push(chunk);
  };
  return pumpOutput(process, { deliver, hurry: output.hurry });
}
