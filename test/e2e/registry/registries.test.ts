import { afterEach, expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { connect } from "../../../src/client/connect";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { pushTestImage } from "../../support/images";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

async function engineFor(registry: TestRegistry): Promise<EngineClient> {
  open.push(registry);
  const engine: TestEngine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_CERTS_DIR: registry.certificateFolder });
  open.push(engine);
  return (await connect()).client;
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
  const registry = await startRegistry({ auth, tls });
  const client = await engineFor(registry);
  const reference = await pushTestImage(registry, "busybox");
  await client.images.pull({ ...parts(reference), ...(auth === "none" ? {} : { auth: authOf(registry) }) });
  expect((await client.images.inspect(reference)).RepoTags).toEqual([reference]);
});

test.each(["basic", "token"] as const)("wrong credentials for %s auth are refused as such", async (auth) => {
  const registry = await startRegistry({ auth });
  const client = await engineFor(registry);
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
    const registry = await startRegistry({ auth });
    const client = await engineFor(registry);
    const refused = client.images.pull(parts(await pushTestImage(registry, "busybox")));
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.toThrow(/log ?in/);
  },
);

test("an unknown repository and an unknown tag are told apart from a broken registry", async () => {
  const registry = await startRegistry();
  const client = await engineFor(registry);
  const reference = await pushTestImage(registry, "busybox");
  for (const unknown of [`${registry.host}/none:1`, reference.replace(":latest", ":none")]) {
    await expect(client.images.pull(parts(unknown))).rejects.toMatchObject({ code: "image-exists-nowhere" });
  }
});

test("a registry that is down is told as unreachable, by its name", async () => {
  const registry = await startRegistry();
  const client = await engineFor(registry);
  const { host } = registry;
  await registry[Symbol.asyncDispose]();
  const refused = client.images.pull(parts(`${host}/library/busybox:latest`));
  await expect(refused).rejects.toMatchObject({ code: "registry-unreachable" });
  await expect(refused).rejects.toThrow(host);
});
