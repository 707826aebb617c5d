import { join } from "node:path";
import type { ContainerRun, RunRequest } from "../../runtime/container";
import { startOwnProgram } from "../../runtime/own-program";
import type { Container } from "../containers/container";
import type { ContainerContext } from "../containers/context";
import { reaperSettings } from "./reaper-settings";

const program = join(__dirname, "reaper-main.js");

/** Starts the reaper that stands in for a container of `testcontainers/ryuk`. */
export async function startReaper(
  { runtime, socketPath }: ContainerContext,
  container: Container,
  { id, folder, network, names }: RunRequest,
): Promise<ContainerRun> {
  const settings = JSON.stringify(reaperSettings(container.record.config.environment));
  // On the host's own network nothing but this machine has any business with it.
  const address = network.kind === "host" ? ["127.0.0.1"] : [];
  return await startOwnProgram(runtime, {
    id,
    folder,
    network,
    names,
    command: [process.execPath, "--max-old-space-size=64", program, socketPath, id, settings, ...address],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
}
