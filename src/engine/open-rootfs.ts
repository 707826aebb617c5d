import type { Logger } from "../internal/log";
import { chooseRootfs, type RootfsChoice } from "../runtime/rootfs/choose-driver";
import type { EngineConfig } from "./config";

/** How roots are made here; the log tells, unless it is the usual way. Throws as `chooseRootfs`. */
export async function openRootfs(
  { stateFolder, rootfs: asked }: EngineConfig,
  engineId: string,
  logger: Logger,
): Promise<RootfsChoice> {
  const choice = await chooseRootfs({ stateFolder, engineId, asked });
  const { driver, why, storageFolder } = choice;
  const isUsual = driver.name === "overlay" && storageFolder === stateFolder;
  logger[isUsual ? "debug" : "info"]("roots of containers", { driver: driver.name, why, storage: storageFolder });
  return choice;
}
