import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { npmInstall, packPackage, runNode } from "../packaging/installed-package";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-override-"));
});
afterAll(() => rm(folder, { recursive: true }));

/**
 * A registry that has this package as if it were published, and for all others points to the one that npm uses here.
 */
async function startRegistry(archive: string): Promise<{ readonly address: string } & AsyncDisposable> {
  const tarball = await readFile(archive);
  const manifest = JSON.parse(await readFile(join(__dirname, "../../../package.json"), "utf8")) as {
    readonly version: string;
  };
  const elsewhere = (await run("npm", ["config", "get", "registry"])).stdout.trim();
  const server = createServer((request, response) => {
    if (request.url === "/runcible.tgz") return response.end(tarball);
    if (request.url !== "/runcible") {
      return response.writeHead(302, { location: new URL(request.url ?? "/", elsewhere).href }).end();
    }
    const { version } = manifest;
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const dist = { tarball: `http://${request.headers.host}/runcible.tgz`, integrity };
    const versions = { [version]: { ...manifest, dist } };
    return response.end(JSON.stringify({ name: "runcible", "dist-tags": { latest: version }, versions }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("the one line of overrides that the documentation names puts this package in the place of testcontainers", async () => {
  const { archive } = await packPackage(folder);
  await using registry = await startRegistry(archive);
  // Until there is a version 1.0.0, `^1` alone finds none.
  const overrides = { testcontainers: "npm:runcible@^1.0.0-alpha" };
  const dependencies = { "@testcontainers/redis": "12.1.0", "@testcontainers/valkey": "11.11.0" };
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ name: "user", private: true, dependencies, overrides }),
  );
  await npmInstall(folder, ["--registry", registry.address]);

  const script = `
    const { GenericContainer } = require("testcontainers");
    const { RedisContainer } = require("@testcontainers/redis");
    const { ValkeyContainer } = require("@testcontainers/valkey");
    const areOurs = [RedisContainer, ValkeyContainer].every((each) => each.prototype instanceof GenericContainer);
    console.log(require("testcontainers/package.json").name, areOurs);`;
  expect((await runNode(folder, ["-e", script])).stdout).toBe("runcible true\n");
});
