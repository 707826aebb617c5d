import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { GenericContainer, ImageName, PullPolicy } from "../../../src/index";
import { withContext } from "../../support/build/dockerfile-case";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { pushTestImage } from "../../support/images";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

const engine = useEngineOfThisFile();
const names = ["DOCKER_AUTH_CONFIG", "DOCKER_CONFIG", "PATH", "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"];
const before = new Map(names.map((name) => [name, process.env[name]]));
let registry: TestRegistry;
let image: string;
/** Has config.json, and in `bin` the helper programs. */
let folder: string;
let helpers = 0;

beforeAll(async () => {
  registry = await startRegistry({ auth: "basic" });
  image = await pushTestImage(registry, "busybox");
});

beforeEach(async () => {
  restoreEnvironment();
  if (folder !== undefined) await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), "runcible-credentials-"));
  await mkdir(join(folder, "bin"));
  process.env["DOCKER_CONFIG"] = folder;
  process.env["PATH"] = `${join(folder, "bin")}:${process.env["PATH"]}`;
});

afterAll(async () => {
  restoreEnvironment();
  await rm(folder, { recursive: true });
  await registry[Symbol.asyncDispose]();
});

function restoreEnvironment(): void {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** A program as Docker wants it; what it is asked goes to `asked`. Its name is new, as answers are kept for a while. */
async function writeHelper(answer: string, exitCode = 0): Promise<string> {
  helpers += 1;
  const name = `test-${helpers}`;
  const script = `#!/bin/sh\necho "$1 $(cat)" >>${folder}/asked\ncat <<'END'\n${answer}\nEND\nexit ${exitCode}\n`;
  await writeFile(join(folder, "bin", `docker-credential-${name}`), script);
  await chmod(join(folder, "bin", `docker-credential-${name}`), 0o755);
  return name;
}

async function writeConfig(config: object): Promise<void> {
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
}

async function asked(): Promise<string> {
  return readFile(join(folder, "asked"), "utf8").catch(() => "");
}

/** Asks the registry, whether the image is there or not. */
function pulled(name = image): Promise<unknown> {
  const container = new GenericContainer(name).withPullPolicy(PullPolicy.alwaysPull()).withCommand(["sleep", "60"]);
  return container.start().then((started) => started.stop());
}

function stored(): object {
  const { username, password } = registry.credentials;
  return { auth: Buffer.from(`${username}:${password}`).toString("base64") };
}

function answer(serverUrl: string = registry.host): string {
  const { username, password } = registry.credentials;
  return JSON.stringify({ ServerURL: serverUrl, Username: username, Secret: password });
}

test("without credentials the registry refuses", async () => {
  await expect(pulled()).rejects.toMatchObject({ code: "registry-unauthorized" });
});

test("DOCKER_AUTH_CONFIG is asked before the file", async () => {
  await writeConfig({ auths: { [registry.host]: { auth: "bm9ib2R5OndyaXRl" } } });
  process.env["DOCKER_AUTH_CONFIG"] = JSON.stringify({ auths: { [registry.host]: stored() } });

  await pulled();
});

test("config.json has what docker login stored, also under the registry's URL", async () => {
  await writeConfig({ auths: { [`https://${registry.host}`]: stored() } });

  await pulled();
});

test("the helper of a registry is asked for that registry, once for containers that start at once", async () => {
  await writeConfig({ credHelpers: { [registry.host]: await writeHelper(answer()) } });

  await Promise.all([pulled(), pulled(), pulled()]);

  expect(await asked()).toBe(`get ${registry.host}\n`);
});

test("the helper of all registries is asked, and one that knows nothing leaves it to the file", async () => {
  const credsStore = await writeHelper("credentials not found in native keychain", 1);
  await writeConfig({ credsStore, auths: { [registry.host]: stored() } });
  await pulled();
  expect(await asked()).toBe(`get ${registry.host}\n`);

  await writeConfig({ credsStore: await writeHelper(answer()) });
  await pulled();
});

test("a token of a helper is sent as such", async () => {
  await using tokens = await startRegistry({ auth: "token" });
  const ofTokens = await pushTestImage(tokens, "busybox");
  const helper = await writeHelper(JSON.stringify({ Username: "<token>", Secret: tokens.identityToken }));
  await writeConfig({ credHelpers: { [tokens.host]: helper } });

  await pulled(ofTokens);
});

test.each([
  ["is not installed", async () => "nosuch", "docker-credential-nosuch"],
  ["answers what is no JSON", () => writeHelper("secret words"), "Unexpected response"],
  ["has a path for its name", async () => "../../evil", "is no name of a program"],
])("a helper that %s is an error that names it, and quotes no answer", async (_what, helper, words) => {
  await writeConfig({ credHelpers: { [registry.host]: await helper() } });

  const error: Error & { code?: string } = await pulled().then(
    () => new TypeError("it was pulled"),
    (reason) => reason,
  );

  expect(error).toMatchObject({ code: "credential-helper-failed", message: expect.stringContaining(words) });
  expect(error.message).not.toContain("secret words");
});

test("a build pulls its base with the credentials of its registry", async () => {
  // Some helpers say the registry again, others leave that empty.
  await writeConfig({ credHelpers: { [registry.host]: await writeHelper(answer("")) } });
  const dockerfile = `ARG REGISTRY=nosuch\nFROM $REGISTRY/${image.split("/").slice(1).join("/")}\nRUN true\n`;
  await engine.client.images.remove(image, { force: true }).catch(() => {});

  await withContext({ dockerfile }, (context) =>
    GenericContainer.fromDockerfile(context)
      .withBuildArgs({ REGISTRY: registry.host })
      .withPullPolicy(PullPolicy.alwaysPull())
      .build(),
  );

  expect(await asked()).toBe(`get ${registry.host}\n`);
});

test("images of Docker Hub come from the registry of the prefix", async () => {
  process.env["TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"] = `${registry.host}/`;
  await writeConfig({ auths: { [registry.host]: stored() } });

  await pulled("library/busybox");

  expect(ImageName.fromString("library/busybox").string).toBe(`${registry.host}/library/busybox:latest`);
});
