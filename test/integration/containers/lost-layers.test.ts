import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { randomId } from "../../../src/internal/ids";
import { withContext } from "../../support/build/dockerfile-case";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import { loseLayer, topBlobOf, topLayerOf } from "../../support/image/lost-layer";
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

test("what is done with an image whose files were lost finds them again, unpacked from its blobs", async () => {
  const { name, dockerfile } = await buildOwn();
  const layer = await topLayerOf(engine, name);
  const next = `${name}-next`;

  await loseLayer(layer);
  expect(await must(docker, "run", "--rm", name, "cat", "/made")).toBe(name);
  await loseLayer(layer);
  await build(next, `FROM ${name}\nRUN cat /made >/copy\n`);
  expect(await must(docker, "run", "--rm", next, "cat", "/copy")).toBe(name);
  await loseLayer(layer);
  expect(await build(name, dockerfile)).toContain("Using cache");
  await access(layer);
  await must(docker, "create", "--name", next, name);
  await loseLayer(layer);
  expect(await must(docker, "commit", next, `${next}:committed`)).toMatch(/^sha256:/);
  await access(layer);

  await must(docker, "rm", next);
  await must(docker, "rmi", name, next, `${next}:committed`);
});

test("an image that lost its blob too is an error that says what to do, and is whole after a build", async () => {
  const { name, dockerfile } = await buildOwn();
  await loseLayer(await topLayerOf(engine, name));
  await rm(await topBlobOf(engine, name));

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
  await loseLayer(await topLayerOf(engine, name));
  await rm(await topBlobOf(engine, name));
  const listed = (): Promise<string> =>
    must(docker, "ps", "--all", "--size", "--filter", `name=${name}`, "--format", "{{.Names}}");

  expect(await listed()).toBe(name);
  await must(docker, "container", "prune", "--force", "--filter", `label=${name}`);

  expect(await listed()).toBe("");
  await must(docker, "rmi", name);
});
