import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { getRuntime } from "../../../src/api/runtime/runtime";
import type { EngineClient } from "../../../src/client/client";
import { openFolderContext } from "../../../src/client/folder-context";
import { run } from "../../../src/internal/exec";
import { imageCacheFolder } from "../images";

/** A folder of test/images. */
export type ServiceName =
  | "azurite"
  | "etcd"
  | "mariadb"
  | "mosquitto"
  | "nats"
  | "postgres"
  | "rabbitmq"
  | "redis"
  | "valkey";

const folders = new URL("../../images", import.meta.url).pathname;
const minutesMs = 60_000;
const debian = {
  suite: "trixie",
  options: [
    "--variant=apt",
    ...["man", "doc", "info", "locale"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
    ...['APT::Install-Recommends "false"', 'Acquire::Languages "none"'].map((line) => `--aptopt=${line}`),
    // A build that is interrupted begins anew, so nothing needs to be on the disk before it is over.
    "--dpkgopt=force-unsafe-io",
  ],
} as const;

/**
 * Name of a service's image, which the daemon of this process has when this resolves. The image is built of its folder
 * by our own builder when the cache does not have it: that takes up to a minute.
 */
export async function serviceImage(service: ServiceName): Promise<string> {
  const { engine } = await getRuntime();
  const name = nameOf(service);
  if (await engine.images.exists(name)) return name;
  const archive = join(imageCacheFolder, `${service}-${await keyOf(service)}.tar`);
  if (await isThere(archive)) await engine.images.load(createReadStream(archive));
  else await makeOnce(archive, async (file) => save(engine, await build(engine, service), file));
  return name;
}

/** Another name for a service's image, as modules judge images by their names. */
export async function serviceImageAs(service: ServiceName, repo: string, tag: string): Promise<string> {
  const { engine } = await getRuntime();
  await engine.images.tag(await serviceImage(service), { repo, tag });
  return `${repo}:${tag}`;
}

function nameOf(service: string): string {
  return `runcible-test/${service}`;
}

async function build(engine: EngineClient, service: ServiceName): Promise<string> {
  const parent = await parentOf(service);
  if (parent === "debian") await importDebian(engine);
  else await serviceImage(parent as ServiceName);
  const work = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    await cp(join(folders, service), work, { recursive: true });
    if (await isThere(join(work, "package.json"))) {
      const options = { cwd: work, timeoutMs: 5 * minutesMs };
      await run("npm", ["install", "--no-package-lock", "--omit=dev", "--no-audit", "--no-fund"], options);
    }
    const { stream: context } = await openFolderContext(work, undefined, work);
    await engine.build.image({ context, tags: [nameOf(service)] });
  } finally {
    await rm(work, { recursive: true });
  }
  return nameOf(service);
}

async function save(engine: EngineClient, name: string, file: string): Promise<void> {
  await pipeline(await engine.images.save([name]), createWriteStream(file));
}

async function importDebian(engine: EngineClient): Promise<void> {
  if (await engine.images.exists(nameOf("debian"))) return;
  const archive = join(imageCacheFolder, `debian-${debianKey()}.tar`);
  if (!(await isThere(archive))) {
    await makeOnce(archive, async (file) => {
      const args = ["--quiet", ...debian.options, "--format=tar", debian.suite, file];
      await run("mmdebstrap", args, { timeoutMs: 10 * minutesMs });
    });
  }
  await engine.images.importFilesystem({ archive: createReadStream(archive), name: nameOf("debian") });
}

/** A file appears under its name when it is whole. Another process may have been first; its file is as good. */
async function makeOnce(file: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  await mkdir(imageCacheFolder, { recursive: true });
  const folder = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    await make(join(folder, "unfinished"));
    await rename(join(folder, "unfinished"), file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Changes with every file that the image is made of. */
async function keyOf(service: string): Promise<string> {
  if (service === "debian") return debianKey();
  const hash = createHash("sha256").update(await keyOf(await parentOf(service)));
  for (const file of (await readdir(join(folders, service))).sort()) {
    hash.update(`${file}\n`).update(await readFile(join(folders, service, file)));
  }
  return hash.digest("hex").slice(0, 12);
}

function debianKey(): string {
  return createHash("sha256").update(JSON.stringify(debian)).digest("hex").slice(0, 12);
}

async function parentOf(service: string): Promise<string> {
  const dockerfile = await readFile(join(folders, service, "Dockerfile"), "utf8");
  const parent = /^FROM runcible-test\/(\w+)$/m.exec(dockerfile)?.[1];
  if (parent === undefined) throw new TypeError(`test/images/${service}/Dockerfile is not FROM runcible-test/…`);
  return parent;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
