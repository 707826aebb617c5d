import { afterEach, expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { useTestEngine } from "../../support/engine";
import { pushTestImage } from "../../support/images";
import { type StartRegistryOptions, startRegistry, type TestRegistry } from "../../support/registry/start-registry";

const kinds: readonly StartRegistryOptions[] = [
  { auth: "none" },
  { auth: "basic" },
  { auth: "token" },
  { auth: "basic", tls: true },
];

afterEach(() => {
  delete process.env["DOCKER_AUTH_CONFIG"];
});

function dockerConfig({ host, credentials: { username, password } }: TestRegistry): string {
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return JSON.stringify({ auths: { [host]: { auth } } });
}

test.each(kinds)("an image comes from a registry with $auth auth, TLS: $tls", async (options) => {
  await using registry = await startRegistry(options);
  const image = await pushTestImage(registry, "busybox");
  process.env["DOCKER_AUTH_CONFIG"] = dockerConfig(registry);
  await using _engine = await useTestEngine({
    ...{ DOCKER_HOST: "", RUNCIBLE_HOST: "" },
    RUNCIBLE_INSECURE_REGISTRIES: options.tls ? registry.host : "",
  });
  await using container = await new GenericContainer(image).withCommand(["sleep", "60"]).start();

  expect((await container.exec(["echo", "pulled"])).stdout).toBe("pulled\n");
});
