import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { connect } from "../../../src/client/connect";
import { hasCode } from "../../../src/internal/errors";
import { dockerOn } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { pushTestImage } from "../../support/images";
import { type StartRegistryOptions, startRegistry, type TestRegistry } from "../../support/registry/start-registry";

let certificates: string;
let engine: TestEngine;
let client: EngineClient;
const open: TestRegistry[] = [];

beforeAll(async () => {
  certificates = await mkdtemp(join(tmpdir(), "runcible-certs-"));
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_CERTS_DIR: certificates });
  client = (await connect()).client;
});
afterEach(async () => {
  for (const registry of open.splice(0)) await registry[Symbol.asyncDispose]();
  // The next test has the same image, and is to fetch it anew.
  for (const { Id } of await client.images.list()) await client.images.remove(Id, { force: true });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(certificates, { recursive: true });
});

/** The engine trusts its certificate; its address is its own, so that the engine has never heard of it. */
async function startTrusted(options: StartRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  open.push(registry);
  await cp(registry.certificateFolder, certificates, { recursive: true, force: true }).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
  });
  return registry;
}

/** The client wants name and tag apart, as the API does. */
function parts(reference: string): { name: string; tag: string } {
  const colon = reference.lastIndexOf(":");
  return { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

const authOf = ({ credentials, host }: TestRegistry): object => ({ ...credentials, serverAddress: host });

test.each([
  { auth: "none", tls: false },
  { auth: "none", tls: true },
  { auth: "basic", tls: false },
  { auth: "basic", tls: true },
  { auth: "token", tls: false },
  { auth: "token", tls: true },
] as const)("an image comes from a registry with $auth auth, TLS $tls", async ({ auth, tls }) => {
  const registry = await startTrusted({ auth, tls });
  const reference = await pushTestImage(registry, "busybox");
  await client.images.pull({ ...parts(reference), ...(auth === "none" ? {} : { auth: authOf(registry) }) });
  expect((await client.images.inspect(reference)).RepoTags).toEqual([reference]);
});

test.each(["basic", "token"] as const)("wrong credentials for %s auth are refused as such", async (auth) => {
  const registry = await startTrusted({ auth });
  const reference = await pushTestImage(registry, "busybox");
  const wrong = { username: "tester", password: "wrong", serverAddress: registry.host };
  await expect(client.images.pull({ ...parts(reference), auth: wrong })).rejects.toMatchObject({
    code: "registry-unauthorized",
  });
});

test.each([
  ["basic", "registry-unauthorized"],
  // Token registries do not tell what is missing from what is forbidden; Docker answers 404 to both.
  ["token", "image-exists-nowhere"],
] as const)(
  "without credentials an image behind %s auth is out of reach, with a hint to log in",
  async (auth, code) => {
    const registry = await startTrusted({ auth });
    const refused = client.images.pull(parts(await pushTestImage(registry, "busybox")));
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.toThrow(/log ?in/);
  },
);

test("docker pull of what wants a login says so, and asks nobody for one", async () => {
  const reference = await pushTestImage(await startTrusted({ auth: "basic" }), "busybox");

  const docker = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`);
  const { exitCode, stdout, stderr } = await docker(["pull", reference]);

  expect(stdout + stderr).toContain("Error response from daemon: pull");
  expect(stdout + stderr).not.toMatch(/username|interactive/i);
  expect(exitCode).toBe(1);
});

test("an unknown repository and an unknown tag are told apart from a broken registry", async () => {
  const registry = await startTrusted();
  const reference = await pushTestImage(registry, "busybox");
  for (const unknown of [`${registry.host}/none:1`, reference.replace(":latest", ":none")]) {
    await expect(client.images.pull(parts(unknown))).rejects.toMatchObject({ code: "image-exists-nowhere" });
  }
});

test("a registry that is down is told as unreachable, by its name", async () => {
  const registry = await startTrusted();
  const { host } = registry;
  await registry[Symbol.asyncDispose]();
  const refused = client.images.pull(parts(`${host}/library/busybox:latest`));
  await expect(refused).rejects.toMatchObject({ code: "registry-unreachable" });
  await expect(refused).rejects.toThrow(host);
});
