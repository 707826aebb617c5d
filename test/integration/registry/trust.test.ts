import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { messageOf } from "../../../src/internal/errors";
import { makeCertificate } from "../../support/registry/certificates";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { openTestPuller } from "../../support/registry/test-puller";

let registry: TestRegistry;
let folder: string;

beforeAll(async () => {
  registry = await startRegistry({ tls: true });
  await pushLayers(registry, "app:1", [noiseLayer("noise", 20_000)]);
  folder = await mkdtemp(join(tmpdir(), "runcible-trust-"));
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const ownCertificate = (): string => join(registry.certificateFolder, registry.host, "ca.crt");

test("a certificate that was put in its folder after a try in vain counts at the next one", async () => {
  const certificateFolder = join(folder, "certs.d");
  await using store = await openTestPuller({ certificateFolder });
  await expect(store.pull(`${registry.host}/app:1`)).rejects.toMatchObject({
    code: "registry-unreachable",
    message: expect.stringContaining(`certs.d/${registry.host}/ca.crt`),
  });

  await cp(registry.certificateFolder, certificateFolder, { recursive: true });

  expect(await store.pull(`${registry.host}/app:1`)).toMatchObject({ isNew: true });
});

test("authorities are read from files, and one that could not be read is read again", async () => {
  const [missing, path] = [join(folder, "missing.pem"), join(folder, "authorities.pem")];
  // The kernel gives up what points at itself.
  await symlink(path, path);
  await using store = await openTestPuller({ authorities: [{ path: missing }, { path }] });
  await expect(store.pull(`${registry.host}/app:1`)).rejects.toMatchObject({ code: "registry-unreachable" });

  await rm(path);
  await cp(ownCertificate(), path);

  expect(await store.pull(`${registry.host}/app:1`)).toMatchObject({ isNew: true });
});

test("authorities are read from all files of a folder, and a named place without any is told", async () => {
  const places = { file: join(folder, "empty.pem"), folder: join(folder, "authorities") };
  await writeFile(places.file, "# to come\n");
  await mkdir(join(places.folder, "below"), { recursive: true });
  await using store = await openTestPuller({
    authorities: [
      { path: join(folder, "not-named.pem") },
      { path: places.file, variable: "SSL_CERT_FILE" },
      { path: places.folder, variable: "SSL_CERT_DIR" },
    ],
  });
  const error = await store.pull(`${registry.host}/app:1`).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "registry-unreachable" });
  expect(messageOf(error)).toMatch(
    /before the engine starts; SSL_CERT_FILE names \S+empty.pem, in which the engine finds no certificate; SSL_CERT_DIR names \S+authorities, in which the engine finds no certificate$/,
  );

  await cp(ownCertificate(), join(places.folder, "4a6481c9.0"));

  expect(await store.pull(`${registry.host}/app:1`)).toMatchObject({ isNew: true });
});

test("a proxy that speaks TLS is trusted by the same authorities", async () => {
  const files = await makeCertificate(folder, "proxy");
  const [key, cert] = await Promise.all([readFile(files.key), readFile(files.certificate)]);
  const asked: string[] = [];
  const proxy = createTlsServer({ key, cert });
  proxy.on("connect", ({ url = "" }, client: Socket) => {
    asked.push(url);
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    relay(client, registry.host);
  });
  const proxyPort = await listeningOn(proxy);
  const settings = { proxy: { https: `https://127.0.0.1:${proxyPort}` }, insecure: ["registry.example"] };

  await using wary = await openTestPuller(settings);
  await expect(wary.pull("registry.example/app:1")).rejects.toMatchObject({ code: "registry-unreachable" });
  expect(asked).toEqual([]);

  await using store = await openTestPuller({ ...settings, authorities: [{ path: files.certificate }] });
  expect(await store.pull("registry.example/app:1")).toMatchObject({ isNew: true });
  expect(asked).toContain("registry.example:443");
});

test("a registry that hangs up while it comes up is not taken for one without TLS", async () => {
  let isUp = false;
  const gate = createServer((client) => {
    client.on("error", () => {});
    if (isUp) relay(client, registry.host);
    else client.resetAndDestroy();
  });
  const port = await listeningOn(gate);
  await using store = await openTestPuller({ authorities: [{ path: ownCertificate() }] });
  await expect(store.pull(`127.0.0.1:${port}/app:1`)).rejects.toMatchObject({ code: "registry-unreachable" });

  isUp = true;

  expect(await store.pull(`127.0.0.1:${port}/app:1`)).toMatchObject({ isNew: true });
});

/** Bytes go through both ways. */
function relay(client: Socket, host: string): void {
  const [address, port] = host.split(":");
  const server = connect(Number(port), address);
  for (const socket of [client, server]) socket.on("error", () => {});
  client.pipe(server).pipe(client);
}

/** Until the test is over. */
async function listeningOn(server: ReturnType<typeof createServer>): Promise<number> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => open.add(socket));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
