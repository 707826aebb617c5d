import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { connect } from "../../../src/client/connect";
import { GenericContainer } from "../../../src/index";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { pushTestImage } from "../../support/images";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

let folder: string;
let file: string;
let mirror: TestRegistry;
let engine: TestEngine;
let client: EngineClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-registries-"));
  file = join(folder, "registries.conf");
  mirror = await startRegistry({ auth: "basic" });
  await writeFile(file, "");
  engine = await useTestEngine({ DOCKER_HOST: "", CONTAINERS_REGISTRIES_CONF: file });
  client = (await connect()).client;
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** What `docker login` would have stored. */
function logIn(hosts: readonly string[]): void {
  const { username, password } = mirror.credentials;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  const before = process.env["DOCKER_AUTH_CONFIG"];
  process.env["DOCKER_AUTH_CONFIG"] = JSON.stringify({
    auths: Object.fromEntries(hosts.map((host) => [host, { auth }])),
  });
  onTestFinished(() => {
    if (before === undefined) delete process.env["DOCKER_AUTH_CONFIG"];
    else process.env["DOCKER_AUTH_CONFIG"] = before;
  });
}

test("a container's image comes from a mirror that wants a login, and an edit of the file needs no new engine", async () => {
  const pushed = await pushTestImage(mirror, "busybox");
  const image = pushed.replace(mirror.host, "corp.example");
  logIn([mirror.host]);
  await writeFile(file, `[[registry]]\nlocation = "corp.example"\nblocked = true\n`);
  const container = new GenericContainer(image).withCommand(["sleep", "60"]);
  await expect(container.start()).rejects.toMatchObject({ code: "registry-blocked" });

  await writeFile(file, `[[registry]]\nlocation = "corp.example"\n[[registry.mirror]]\nlocation = "${mirror.host}"\n`);

  await using started = await container.start();
  expect((await started.exec(["echo", "hello"])).output).toBe("hello\n");
  expect((await client.images.inspect(image)).RepoTags).toContain(image);
});

test("a build's base image comes from where the file says", async () => {
  const pushed = await pushTestImage(mirror, "busybox");
  const base = pushed.replace(mirror.host, "base.example");
  logIn([mirror.host]);
  await writeFile(file, `[[registry]]\nprefix = "base.example"\nlocation = "${mirror.host}"\n`);
  await writeFile(join(folder, "Dockerfile"), `FROM ${base}\nRUN echo built > /made\n`);

  const built = await GenericContainer.fromDockerfile(folder).build();

  await using started = await built.withCommand(["sleep", "60"]).start();
  expect((await started.exec(["cat", "/made"])).output).toBe("built\n");
});

test("a broken file is told with its name and line", async () => {
  await writeFile(file, '[[registry]]\nlocation = "a.io\n');

  await expect(client.images.pull({ name: "a.io/x", tag: "1" })).rejects.toMatchObject({
    code: "registries-conf-invalid",
    message: expect.stringContaining(`${file}: line 2`),
  });
});
