import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerOn, must } from "./docker-command";
import type { TestImageName } from "./image/recipes";
import { saveTestImage } from "./images";

/** Gives daemons test images, each under a name: `{ "bb:latest": "busybox" }`. */
export async function loadTestImages(
  hosts: readonly string[],
  images: Readonly<Record<string, TestImageName>>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-load-"));
  try {
    const archive = join(folder, "image.tar");
    for (const [name, image] of Object.entries(images)) {
      await saveTestImage(image, name, archive);
      for (const host of hosts) await must(dockerOn(host), "load", "-i", archive);
      await rm(archive);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
