import { afterEach, expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { useTestEngine } from "../../support/engine";
import { pushTestImage } from "../../support/images";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

afterEach(() => {
  delete process.env["DOCKER_AUTH_CONFIG"];
});

function dockerConfig({ host, credentials: { username, password } }: TestRegistry): string {
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return JSON.stringify({ auths: { [host]: { auth } } });
}

test.each(["basic", "token"] as const)("credentials for %s auth come from Docker's configuration", async (auth) => {
  await using registry = await startRegistry({ auth, tls: true });
  const image = await pushTestImage(registry, "busybox");
  process.env["DOCKER_AUTH_CONFIG"] = dockerConfig(registry);
  await using _engine = await useTestEngine({
    ...{ DOCKER_HOST: "", RUNCIBLE_HOST: "" },
    RUNCIBLE_CERTS_DIR: registry.certificateFolder,
  });
  await using container = await new GenericContainer(image).withCommand(["sleep", "60"]).start();

  expect((await container.exec(["echo", "pulled"])).stdout).toBe("pulled\n");
});
