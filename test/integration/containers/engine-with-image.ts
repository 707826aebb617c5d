import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll } from "vitest";
import { connect } from "../../../src/client/connect";
import { run } from "../../../src/internal/exec";
import { type SharedEngine, type TestEngine, useTestEngine } from "../../support/engine";
import { type EngineOfFile, useEngineOfThisFile } from "../../support/engine-of-file";
import { testImage } from "../../support/images";

/** To be called once, at the top of a test file: the engine of the suite, with busybox as `bb:latest`. */
export function useEngineWithImage(): EngineOfFile {
  const engine = useEngineOfThisFile();
  beforeAll(async () => {
    (await connect()).client.close();
    await loadLayout(engine, await testImage("busybox"), "bb:latest");
  });
  return engine;
}

/** An engine of its own that runs, with busybox as `bb:latest`. */
export async function startEngine(settings: Readonly<Record<string, string>> = {}): Promise<TestEngine> {
  const engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", ...settings });
  (await connect()).client.close();
  await loadLayout(engine, await testImage("busybox"), "bb:latest");
  return engine;
}

/** Loads the image `image` of an OCI layout under a name. */
export async function loadLayout(engine: Pick<SharedEngine, "client">, layout: string, name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-load-"));
  try {
    const archive = join(folder, "image.tar");
    const target = `docker-archive:${archive}:${name}`;
    await run("skopeo", ["--insecure-policy", "copy", "--quiet", `oci:${layout}:image`, target]);
    await engine.client.images.load(createReadStream(archive));
  } finally {
    await rm(folder, { recursive: true });
  }
}
