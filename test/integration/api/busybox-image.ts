import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRuntime, type Runtime } from "../../../src/api/runtime/runtime";
import { run } from "../../../src/internal/exec";

const name = "runcible-test/busybox:1";
/** Test files that share a process have daemons of their own. */
const made = new WeakMap<Runtime, Promise<string>>();

/** Name of an image with busybox and a page in /www, loaded into the daemon under test if it lacks. */
export async function busyboxImage(): Promise<string> {
  const runtime = await getRuntime();
  const making = made.get(runtime) ?? makeImage(runtime);
  made.set(runtime, making);
  return making;
}

async function makeImage({ engine }: Runtime): Promise<string> {
  if (await engine.images.exists(name)) return name;
  const folder = await mkdtemp(join(tmpdir(), "runcible-busybox-"));
  try {
    await writeRoot(join(folder, "root"));
    await engine.images.load(createReadStream(await writeArchive(folder)));
  } finally {
    await rm(folder, { recursive: true });
  }
  return name;
}

async function writeRoot(root: string): Promise<void> {
  for (const path of ["bin", "www", "etc", "tmp", "root"]) await mkdir(join(root, path), { recursive: true });
  await cp("/usr/bin/busybox", join(root, "bin/busybox"));
  const { stdout } = await run("busybox", ["--list"]);
  const applets = stdout.split("\n").filter((applet) => applet !== "" && applet !== "busybox");
  await Promise.all(applets.map((applet) => symlink("busybox", join(root, "bin", applet))));
  await writeFile(join(root, "www/index.html"), "hello\n");
  await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\n");
}

/** In the form of `docker save`. */
async function writeArchive(folder: string): Promise<string> {
  await run("tar", ["-C", join(folder, "root"), "--owner=0", "--group=0", "-cf", join(folder, "layer.tar"), "."]);
  const diffId = createHash("sha256")
    .update(await readFile(join(folder, "layer.tar")))
    .digest("hex");
  const config = {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Cmd: ["sh"], Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }];
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  const archive = join(folder, "image.tar");
  await run("tar", ["-C", folder, "-cf", archive, "manifest.json", "config.json", "layer.tar"]);
  return archive;
}
