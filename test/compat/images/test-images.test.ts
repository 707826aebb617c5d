import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import type { TestImageName } from "../../support/image/recipes";
import { pushTestImage, testImage } from "../../support/images";
import { startRegistry } from "../../support/registry/start-registry";

const versionCommands: readonly (readonly [TestImageName, readonly string[], string])[] = [
  ["busybox", ["/bin/sh", "-c", "busybox"], "multi-call binary"],
  ["redis", ["/usr/bin/redis-server", "--version"], "Redis server"],
  ["nginx", ["/usr/sbin/nginx", "-v"], "nginx version"],
  ["postgres", ["/usr/lib/postgresql/bin/postgres", "--version"], "PostgreSQL"],
];

test.each(versionCommands)(
  "the programs of the %s image run with nothing but the image",
  async (name, command, answer) => {
    const folder = await mkdtemp(join(tmpdir(), "runcible-image-"));
    try {
      await run("umoci", ["raw", "unpack", "--image", `${await testImage(name)}:image`, join(folder, "root")]);
      const { stdout, stderr } = await run("chroot", [join(folder, "root"), ...command]);
      expect(stdout + stderr).toContain(answer);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

test("a pushed image can be inspected in the registry", async () => {
  await using registry = await startRegistry();
  const reference = await pushTestImage(registry, "busybox", "library/busybox:1");
  const { stdout } = await run("skopeo", ["inspect", "--tls-verify=false", `docker://${reference}`]);
  expect(JSON.parse(stdout)).toMatchObject({ Os: "linux", Env: [expect.stringContaining("PATH=")] });
});
