import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { withContext } from "../../support/build/dockerfile-case";
import { dockerfileCases } from "../../support/build/dockerfile-cases";
import { beyond, treeOf } from "../../support/build/tree";
import { saveTestImage } from "../../support/images";

// The table of dockerfile-cases.ts says what this engine makes of a Dockerfile; here another builder says whether that
// is right.

let folder: string;
let base: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-buildah-"));
  await saveTestImage("busybox", "bb:latest", join(folder, "image.tar"));
  await buildah("pull", `docker-archive:${join(folder, "image.tar")}`);
  base = await withContext({ dockerfile: "FROM bb\nENV A=1\n" }, (context) => builtTree(context, []));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function buildah(...args: readonly string[]): Promise<string> {
  const store = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  return (await run("buildah", [...store, ...args], { timeoutMs: 120_000 })).stdout.trim();
}

/** Builds an image and resolves to its root, without what the builder's own containers leave in it. */
async function builtTree(context: string, args: readonly string[]): Promise<readonly string[]> {
  const file = join(folder, "root.tar");
  const how = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--pull-never"];
  await buildah("bud", ...how, "--output", `type=tar,dest=${file}`, "--tag", "case", ...args, context);
  const tree = await treeOf(createReadStream(file));
  return tree.filter((line) => !/ (run|run\/.*|etc\/(hosts|hostname|resolv\.conf).*|(proc|dev|sys)\/)$/.test(line));
}

test.each(dockerfileCases.filter(({ buildahDiffers }) => buildahDiffers === undefined))(
  "$name [root only: as an ordinary user, buildah loses set-id bits]",
  async (given) => {
    const { args = [], tree, config = {} } = given;
    const built = await withContext(given, (context) => builtTree(context, args));

    expect(beyond(built, base)).toEqual(tree);
    const { Docker } = JSON.parse(await buildah("inspect", "--type", "image", "case"));
    const { Cmd, ...others } = Docker.config;
    expect({ ...others, Cmd: Cmd?.length > 0 ? Cmd : null }).toMatchObject(config);
  },
);
