import { join } from "node:path";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type DockerCommand, dockerOn } from "../../support/docker-command";
import type { EngineOfFile } from "../../support/engine-of-file";
import { busyboxImage } from "../api/busybox-image";

/** Starts the engine, and gives the docker command line on it and an image of busybox. */
export async function dockerOnEngine({
  stateFolder,
}: EngineOfFile): Promise<{ readonly docker: DockerCommand; readonly image: string }> {
  await getRuntime();
  return { docker: dockerOn(`unix://${join(stateFolder, "engine.sock")}`), image: await busyboxImage() };
}
