import { join } from "node:path";
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

const ourOwn = { DOCKER_HOST: "", RUNCIBLE_HOST: "" };

/** Two ways to say whom to trust: Docker's, and Node's, of which engines do not get told under that name. */
test.each([
  {
    auth: "basic",
    trust: "Docker's folder of certificates",
    settings: ({ certificateFolder }: TestRegistry) => ({ RUNCIBLE_CERTS_DIR: certificateFolder }),
  },
  {
    auth: "token",
    trust: "NODE_EXTRA_CA_CERTS",
    settings: ({ certificateFolder, host }: TestRegistry) => ({
      NODE_EXTRA_CA_CERTS: join(certificateFolder, host, "ca.crt"),
    }),
  },
] as const)("credentials for $auth auth come from Docker's configuration, trust from $trust", async (given) => {
  await using registry = await startRegistry({ auth: given.auth, tls: true });
  const image = await pushTestImage(registry, "busybox");
  process.env["DOCKER_AUTH_CONFIG"] = dockerConfig(registry);
  await using _engine = await useTestEngine({ ...ourOwn, ...given.settings(registry) });
  await using container = await new GenericContainer(image).withCommand(["sleep", "60"]).start();

  expect((await container.exec(["echo", "pulled"])).stdout).toBe("pulled\n");
});
