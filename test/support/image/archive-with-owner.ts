import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../src/internal/exec";

/** An image of one file that belongs to a user, in the form of `docker save`, in a folder; everybody may read it. */
export async function archiveWithOwner(folder: string, uid: number): Promise<string> {
  await mkdir(join(folder, "root"));
  await writeFile(join(folder, "root/file"), "x");
  const layer = join(folder, "layer.tar");
  await run("tar", ["-C", join(folder, "root"), `--owner=${uid}`, "--group=0", "-cf", layer, "."]);
  const digest = createHash("sha256")
    .update(await readFile(layer))
    .digest("hex");
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const config = { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] } };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: ["owned:1"], Layers: ["layer.tar"] }];
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  const archive = join(folder, "image.tar");
  await run("tar", ["-C", folder, "-cf", archive, "manifest.json", "config.json", "layer.tar"]);
  await run("chmod", ["-R", "a+rX", folder]);
  return archive;
}
