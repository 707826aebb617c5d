import { access, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { randomId } from "../../../src/internal/ids";
import { withContext } from "../../support/build/dockerfile-case";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import { useEngineWithImage } from "./engine-with-image";

const engine = useEngineWithImage();
let docker: DockerCommand;

beforeAll(() => {
  docker = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`);
});

function build(name: string, dockerfile: string): Promise<string> {
  return withContext({ dockerfile }, (folder) => must(docker, "build", "--tag", name, folder));
}

/** A name, and a layer that nothing else has. */
async function buildOwn(): Promise<{ readonly name: string; readonly dockerfile: string }> {
  const name = `lost-${randomId().slice(0, 8)}`;
  const dockerfile = `FROM bb\nRUN echo ${name} >/made\n`;
  await build(name, dockerfile);
  return { name, dockerfile };
}

async function topLayerOf(name: string): Promise<string> {
  const { RootFS } = await engine.client.images.inspect(name);
  return join(engine.stateFolder, "layers", RootFS.Layers?.at(-1)?.slice("sha256:".length) ?? "");
}

/** As if the machine had lost it; its files are an ordinary user's engine's, who may rename the folder only. */
async function lose(layer: string): Promise<void> {
  await rename(layer, join(layer, "..", `unfinished-${randomId().slice(0, 16)}`));
}

test("what is done with an image whose files were lost finds them again, unpacked from its blobs", async () => {
  const { name, dockerfile } = await buildOwn();
  const layer = await topLayerOf(name);
  const next = `${name}-next`;

  await lose(layer);
  expect(await must(docker, "run", "--rm", name, "cat", "/made")).toBe(name);
  await lose(layer);
  await build(next, `FROM ${name}\nRUN cat /made >/copy\n`);
  expect(await must(docker, "run", "--rm", next, "cat", "/copy")).toBe(name);
  await lose(layer);
  expect(await build(name, dockerfile)).toContain("Using cache");
  await access(layer);
  await must(docker, "create", "--name", next, name);
  await lose(layer);
  expect(await must(docker, "commit", next, `${next}:committed`)).toMatch(/^sha256:/);
  await access(layer);

  await must(docker, "rm", next);
  await must(docker, "rmi", name, next, `${next}:committed`);
});

test("an image that lost its blob too is an error that says what to do, and is whole after a build", async () => {
  const { name, dockerfile } = await buildOwn();
  await lose(await topLayerOf(name));
  await rm(await topBlobOf(name));

  await expect(engine.client.containers.create({ Image: name })).rejects.toMatchObject({
    code: "image-incomplete",
    kind: "not-found",
    message: expect.stringContaining("pull or build it again"),
  });

  expect((await engine.client.containers.list({ all: true })).filter(({ Image }) => Image === name)).toEqual([]);
  expect(await build(name, dockerfile)).not.toContain("Using cache");
  expect(await must(docker, "run", "--rm", name, "cat", "/made")).toBe(name);
  await must(docker, "rmi", name);
});

test("a container whose image is lost is listed with its size, and pruned", async () => {
  const { name } = await buildOwn();
  await must(docker, "create", "--name", name, "--label", name, name);
  await lose(await topLayerOf(name));
  await rm(await topBlobOf(name));
  const listed = (): Promise<string> =>
    must(docker, "ps", "--all", "--size", "--filter", `name=${name}`, "--format", "{{.Names}}");

  expect(await listed()).toBe(name);
  await must(docker, "container", "prune", "--force", "--filter", `label=${name}`);

  expect(await listed()).toBe("");
  await must(docker, "rmi", name);
});

/** The file that its top layer is unpacked from. */
async function topBlobOf(name: string): Promise<string> {
  const { Id } = await engine.client.images.inspect(name);
  const images = join(engine.stateFolder, "images");
  const blob = (digest: string): string => join(images, "blobs/sha256", digest.slice("sha256:".length));
  const index = JSON.parse(await readFile(join(images, "index.json"), "utf8"));
  for (const { manifest } of index.images) {
    const { config, layers } = JSON.parse(await readFile(blob(manifest.digest), "utf8"));
    if (config.digest === Id) return blob(layers.at(-1).digest);
  }
  throw new TypeError(`no image ${name}`);
}
