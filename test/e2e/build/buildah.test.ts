import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exitOf, run, spawnTool } from "../../../src/internal/exec";
import { saveTestImage } from "../../support/images";
import { withContext } from "./dockerfile-case";
import { dockerfileCases } from "./dockerfile-cases";
import { beyond, treeOf } from "./tree";

// The table of dockerfile-cases.ts says what this engine makes of a Dockerfile; here another builder says whether that is right.

let folder: string;
let base: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-buildah-"));
  await saveTestImage("busybox", "bb:latest", join(folder, "image.tar"));
  await buildah("pull", `docker-archive:${join(folder, "image.tar")}`);
  base = await imageTree("bb");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function buildah(...args: readonly string[]): Promise<string> {
  const store = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  return (await run("buildah", [...store, ...args], { timeoutMs: 120_000 })).stdout.trim();
}

async function imageTree(image: string): Promise<readonly string[]> {
  const container = await buildah("from", "--pull-never", image);
  try {
    const root = await buildah("mount", container);
    const tar = spawnTool("tar", ["--create", "--numeric-owner", "--hard-dereference", `--directory=${root}`, "."], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    if (tar.stdout === null) return [];
    const [tree] = await Promise.all([treeOf(tar.stdout), exitOf(tar, "tar")]);
    // What its containers have mounted leaves traces in its images.
    return tree.filter((line) => !/ (run|run\/.*|etc\/(hosts|hostname|resolv\.conf).*|(proc|dev|sys)\/)$/.test(line));
  } finally {
    await buildah("rm", container);
  }
}

test.each(dockerfileCases.filter(({ buildahDiffers }) => buildahDiffers === undefined))("$name", async (given) => {
  const { args = [], tree, config = {} } = given;
  await withContext(given, async (context) => {
    const isolation = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--pull-never"];
    await buildah("bud", ...isolation, "--tag", "case", ...args, context);
  });

  expect(beyond(await imageTree("case"), base)).toEqual(tree);
  const { Docker } = JSON.parse(await buildah("inspect", "--type", "image", "case"));
  const { Cmd, ...others } = Docker.config;
  expect({ ...others, Cmd: Cmd?.length > 0 ? Cmd : null }).toMatchObject(config);
});
