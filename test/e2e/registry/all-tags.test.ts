import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { connect } from "../../../src/client/connect";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { pushTestImage } from "../../support/images";
import { type Fault, type SeenRequest, startFaultProxy } from "../../support/registry/fault-proxy";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

let registry: TestRegistry;
let engine: TestEngine;
let client: EngineClient;
let docker: DockerCommand;
let folder: string;

beforeAll(async () => {
  registry = await startRegistry({ auth: "token" });
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "" });
  client = (await connect()).client;
  folder = await mkdtemp(join(tmpdir(), "runcible-tags-"));
  const { username, password } = registry.credentials;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  await writeFile(join(folder, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  docker = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`, folder);
  for (const tag of ["1", "2", "latest"]) await pushTestImage(registry, "busybox", `app/bb:${tag}`);
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function tagsOf(repository: string): Promise<string> {
  return must(docker, "images", "--format", "{{.Tag}}", repository).then((text) => text.split("\n").sort().join(" "));
}

async function forget(repository: string): Promise<void> {
  for (const tag of (await tagsOf(repository)).split(" ").filter(Boolean)) {
    await must(docker, "rmi", "-f", `${repository}:${tag}`);
  }
}

test("docker pull -a brings every tag of a repository, and says so of each and at the end", async () => {
  const repository = `${registry.host}/app/bb`;
  onTestFinished(() => forget(repository));

  const { stdout, exitCode } = await docker(["pull", "-a", repository]);

  expect(exitCode).toBe(0);
  expect(await tagsOf(repository)).toBe("1 2 latest");
  const told = stdout.split("\n").filter((line) => /Pulling from|^Digest: sha256:|^Status: /.test(line));
  expect(told.filter((_, index) => index % 2 === 0).sort()).toEqual([
    ...["1", "2"].map((tag) => `${tag}: Pulling from app/bb`),
    `Status: Downloaded newer image for ${repository}`,
    "latest: Pulling from app/bb",
  ]);
  expect(told.filter((_, index) => index % 2 === 1)).toEqual(Array(3).fill(told[1]));
  expect(told.at(-1)).toMatch(/^Status/);
  expect((await docker(["pull", "-a", repository])).stdout).toContain(`Status: Image is up to date for ${repository}`);
});

test("a name with a tag or digest is one image, and so is that of a base image without", async () => {
  const repository = `${registry.host}/app/bb`;
  onTestFinished(() => forget(repository));
  await must(docker, "pull", `${repository}:1`);
  expect(await tagsOf(repository)).toBe("1");

  const built = await docker(["build", "-q", "-"], `FROM ${repository}\n`);

  expect(built).toMatchObject({ exitCode: 0 });
  expect(await tagsOf(repository)).toBe("1 latest");
});

test("a repository that there is not", async () => {
  const { stderr, exitCode } = await docker(["pull", "-a", `${registry.host}/app/nosuch`]);

  expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining("app/nosuch"), exitCode: 1 });
});

interface Page {
  readonly body: string;
  readonly link?: string;
}

/** A repository with the tags 1 and 2, whose list the registry gives in these pages. */
async function pagedRepository(pageOf: (path: string) => Page): Promise<string> {
  const plain = await startRegistry();
  onTestFinished(() => plain[Symbol.asyncDispose]());
  for (const tag of ["1", "2"]) await pushTestImage(plain, "busybox", `app/paged:${tag}`);
  const fault = ({ path }: SeenRequest): Fault | undefined => {
    if (!path.includes("/tags/list")) return undefined;
    const { body, link } = pageOf(path);
    const headers = { "content-type": "application/json", ...(link === undefined ? {} : { link }) };
    return { kind: "change", change: () => ({ status: 200, headers, body: Buffer.from(body) }) };
  };
  const proxy = await startFaultProxy({ url: plain.url, fault });
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const repository = `${proxy.host}/app/paged`;
  onTestFinished(() => forget(repository));
  return repository;
}

test("a list of tags in pages is read to its end", async () => {
  const repository = await pagedRepository((path) =>
    path.includes("last=1")
      ? { body: '{"name":"app/paged","tags":["2"]}' }
      : { body: '{"name":"app/paged","tags":["1"]}', link: '</v2/app/paged/tags/list?last=1&n=1>; rel="next"' },
  );

  await must(docker, "pull", "-q", "-a", repository);

  expect(await tagsOf(repository)).toBe("1 2");
});

test.each([
  ["never ends", { body: JSON.stringify({ tags: Array(400).fill("1") }), link: "<list?again>; rel=next" }, "more than"],
  ["is no list", { body: '{"tags":"all"}' }, "no list of tags"],
  ["is no JSON", { body: "<html>" }, "no JSON"],
  ["has what is no tag", { body: '{"tags":["../x"]}' }, "invalid reference format"],
])("a list of tags that %s is refused", async (_, page, message) => {
  const repository = await pagedRepository(() => page);

  const { stderr, exitCode } = await docker(["pull", "-a", repository]);

  expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining(message), exitCode: 1 });
  await expect(client.images.list()).resolves.toEqual([]);
});
