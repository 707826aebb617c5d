import { join } from "node:path";
import { messageOf } from "../../internal/errors";
import { openLogFile } from "../../runtime/process/log-file";
import { reuseLeaseLabel } from "../../wire/session";
import { type ContainerRecord, sessionLabel } from "../state/container-record";
import { timestampNow } from "../state/timestamp";
import { Container } from "./container";
import type { ContainerContext } from "./context";
import { logLimitsOf } from "./log-limits";
import { removeContainer } from "./remove";

/** As after a SIGKILL, which it was. */
const killedExitCode = 137;

/**
 * Takes over what an earlier engine left: its containers' processes and mounts are gone with it. Those of a session,
 * and reusable ones that were not ready yet, are removed, as nobody can come back for them; the others are shown as
 * exited.
 */
export async function restoreContainers(context: ContainerContext): Promise<void> {
  for (const record of (await context.store.load()).values()) {
    try {
      await restore(context, record);
    } catch (error) {
      context.logger.warn("restore container", { container: record.id, reason: messageOf(error) });
    }
  }
}

async function restore(context: ContainerContext, record: ContainerRecord): Promise<void> {
  const folder = context.store.folderOf(record.id);
  const log = await openLogFile(folder, logLimitsOf(record.spec.logs));
  const container = new Container(record, { folder, rootPath: join(folder, "merged"), log }, context);
  context.index.add(container);
  const wasRunning = !["created", "exited"].includes(record.state.status);
  if (wasRunning) {
    await container.changeState({ status: "exited", exitCode: killedExitCode, finishedAt: timestampNow() });
  }
  const isDisposable =
    record.config.labels[sessionLabel] !== undefined || (record.spec.autoRemove && wasRunning) || isUnfinished(record);
  if (isDisposable) await removeContainer(context, container, { force: true, volumes: true });
}

/** Its maker lost its lease with the engine. One that is kept after a failure has no lease any more. */
function isUnfinished({ config, isReusable }: ContainerRecord): boolean {
  return isReusable !== true && config.labels[reuseLeaseLabel] !== undefined;
}
