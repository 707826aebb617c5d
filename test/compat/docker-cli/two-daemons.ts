import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { startDockerOn, type TestDocker } from "../../support/docker";
import { dockerOn, must } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { loadTestImages } from "../../support/load-test-images";
import { openNamespace, type TestNamespace } from "../../support/network/namespace";
import { newerDocker } from "../../support/newer-docker";
import type { CommandTarget } from "./run-case";

/** Our engine, and a Docker as one installs it on a machine of its own. */
export interface TwoDaemons {
  readonly ours: CommandTarget;
  readonly theirs: CommandTarget;
}

/**
 * To be called once, at the top of a test file. `newer`: the client and the Docker are those of Debian 13, which speak
 * the engine's own version of the API, with compose v2; default: those of this machine.
 */
export function useTwoDaemons({ newer = false } = {}): TwoDaemons {
  const opened: AsyncDisposable[] = [];
  let daemons: TwoDaemons | undefined;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "runcible-two-"));
    opened.push({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
    const engine: TestEngine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "" });
    opened.push(engine);
    await getRuntime();
    const machine: TestNamespace = await openNamespace();
    opened.push(machine);
    const client = newer ? await newerClient() : {};
    const docker: TestDocker = await startDockerOn(machine.path, client.path);
    opened.push(docker);
    const archive = join(folder, "image.tar");
    const hosts = { ours: `unix://${join(engine.stateFolder, "engine.sock")}`, theirs: docker.host };
    await saveBaseImage(hosts.ours, folder, archive);
    await must(dockerOn(hosts.theirs), "load", "-i", archive);
    // Folders of the same length, because some texts are cut.
    daemons = {
      ours: { host: hosts.ours, folder: join(folder, "ours", "work"), archive, ...client },
      theirs: { host: hosts.theirs, folder: join(folder, "them", "work"), archive, ...client },
    };
  });
  afterAll(async () => {
    for (const resource of opened.reverse()) await resource[Symbol.asyncDispose]();
  });
  const current = (): TwoDaemons => {
    if (daemons === undefined) throw new TypeError("no test of this file runs");
    return daemons;
  };
  return {
    get ours() {
      return current().ours;
    },
    get theirs() {
      return current().theirs;
    },
  };
}

async function newerClient(): Promise<Pick<CommandTarget, "path" | "plugins">> {
  const { programs, plugins } = await newerDocker();
  return { path: `${programs}:${process.env["PATH"]}`, plugins };
}

/** An image with a time and a history, as everybody's images have; made once, so that both daemons have the same. */
async function saveBaseImage(host: string, folder: string, archive: string): Promise<void> {
  const docker = dockerOn(host);
  await loadTestImages([host], { "raw:latest": "busybox" });
  await must(docker, "create", "--name", "base", "raw", "true");
  await must(docker, "export", "-o", join(folder, "root.tar"), "base");
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const changes = ["-m", "base", "-c", 'CMD ["sh"]', "-c", `ENV PATH=${path}`];
  await must(docker, "import", ...changes, join(folder, "root.tar"), "bb:latest");
  await must(docker, "rm", "base");
  await must(docker, "rmi", "raw");
  await must(docker, "save", "-o", archive, "bb:latest");
}
