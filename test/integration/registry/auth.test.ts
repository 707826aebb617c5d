import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { makeCertificate } from "../../support/registry/certificates";
import { startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry } from "../../support/registry/start-registry";
import { openTestPuller } from "../../support/registry/test-puller";

const layers = [noiseLayer("noise", 20_000)];
const signal = new AbortController().signal;

test("a registry with user names wants the right password", async () => {
  await using registry = await startRegistry({ auth: "basic" });
  await pushLayers(registry, "app:1", layers);
  await using store = await openTestPuller();
  const wrong = { ...registry.credentials, password: "wrong" };
  for (const auth of [undefined, wrong]) {
    const request = auth === undefined ? {} : { auth };
    await expect(store.pull(`${registry.host}/app:1`, request)).rejects.toMatchObject({
      code: "registry-unauthorized",
    });
  }
  expect(await store.pull(`${registry.host}/app:1`, { auth: registry.credentials })).toMatchObject({ isNew: true });
});

test("a login is checked with its own password even after one that was right", async () => {
  await using registry = await startRegistry({ auth: "basic" });
  await using store = await openTestPuller();
  await store.puller.checkLogin(registry.host, registry.credentials, signal);
  const wrong = { ...registry.credentials, password: "wrong" };
  await expect(store.puller.checkLogin(registry.host, wrong, signal)).rejects.toMatchObject({
    code: "registry-unauthorized",
    message: expect.not.stringContaining("wrong"),
  });
});

test.each(["password", "identity token"] as const)("a token is fetched with a %s", async (kind) => {
  await using registry = await startRegistry({ auth: "token" });
  await pushLayers(registry, "private/app:1", layers);
  await using store = await openTestPuller();
  const auth = kind === "password" ? registry.credentials : { identityToken: registry.identityToken };
  await store.pull(`${registry.host}/private/app:1`, { auth });
  const identity = kind === "password" ? "basic" : "refresh";
  const asked = registry.tokenServer?.requests.filter(({ scope }) => scope === "repository:private/app:pull");
  expect(asked?.map((request) => request.identity)).toEqual([identity]);
});

test("anonymous users get what is public and are told that the rest may need a login", async () => {
  await using registry = await startRegistry({ auth: "token" });
  await pushLayers(registry, "public/app:1", layers);
  await pushLayers(registry, "private/app:1", layers);
  await using store = await openTestPuller();
  expect(await store.pull(`${registry.host}/public/app:1`)).toMatchObject({ isNew: true });
  await expect(store.pull(`${registry.host}/private/app:1`)).rejects.toMatchObject({
    code: "image-exists-nowhere",
    message: expect.stringContaining(`pull access denied for ${registry.host}/private/app, repository does not exist`),
  });
});

test("a TLS registry is trusted with its own CA and not without", async () => {
  await using registry = await startRegistry({ tls: true });
  await pushLayers(registry, "app:1", layers);
  const { certificateFolder } = registry;
  await using trusting = await openTestPuller({ certificateFolder });
  expect(await trusting.pull(`${registry.host}/app:1`)).toMatchObject({ isNew: true });
  await using wary = await openTestPuller();
  await expect(wary.pull(`${registry.host}/app:1`)).rejects.toMatchObject({ code: "registry-unreachable" });
  await using careless = await openTestPuller({ insecure: [registry.host] });
  expect(await careless.pull(`${registry.host}/app:1`)).toMatchObject({ isNew: true });
});

test("a token that does not end is not read to its end", async () => {
  await using registry = await startRegistry({ auth: "token" });
  await pushLayers(registry, "app:1", layers);
  const endless = createServer((_request, response) => {
    Readable.from(repeated(Buffer.alloc(64 * 1024, "x"))).pipe(response);
  });
  endless.listen(0, "127.0.0.1");
  await once(endless, "listening");
  const realm = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/token`;
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: () => ({ kind: "change", change: (answer) => ({ ...answer, headers: withRealm(answer.headers, realm) }) }),
  });
  await using store = await openTestPuller();

  await expect(store.pull(`${proxy.host}/app:1`)).rejects.toMatchObject({
    code: "registry-error",
    message: expect.stringContaining("larger than 1 MiB"),
  });

  endless.closeAllConnections();
  endless.close();
});

function* repeated<T>(item: T): Generator<T> {
  for (;;) yield item;
}

function withRealm(headers: Readonly<Record<string, string>>, realm: string): Record<string, string> {
  const challenge = headers["www-authenticate"]?.replace(/realm="[^"]*"/, `realm="${realm}"`);
  return challenge === undefined ? { ...headers } : { ...headers, "www-authenticate": challenge };
}

test("a redirect to another host carries no credentials", async () => {
  await using registry = await startRegistry({ auth: "basic" });
  await pushLayers(registry, "app:1", layers);
  const { username, password } = registry.credentials;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const seenAtStorage: (string | undefined)[] = [];
  await using storage = await startFaultProxy({
    url: registry.url,
    fault: ({ headers }) => {
      seenAtStorage.push(headers.authorization);
      headers.authorization = authorization;
      return undefined;
    },
  });
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: ({ path }) =>
      path.includes("/blobs/")
        ? { kind: "answer", status: 307, headers: { location: `http://${storage.host}${path}` } }
        : undefined,
  });
  await using store = await openTestPuller();
  await store.pull(`${proxy.host}/app:1`, { auth: registry.credentials });
  expect(seenAtStorage).toEqual([undefined, undefined]);
});

test("a redirect from https to plain http is refused", async () => {
  await using registry = await startRegistry({ tls: true });
  await pushLayers(registry, "app:1", layers);
  const files = await makeCertificate(registry.storageFolder, "proxy");
  const [key, cert] = await Promise.all([readFile(files.key), readFile(files.certificate)]);
  await using plain = await startFaultProxy({ url: registry.url });
  await using proxy = await startFaultProxy({
    ...{ url: registry.url, tls: { key, cert } },
    fault: ({ path }) =>
      path.includes("/blobs/")
        ? { kind: "answer", status: 307, headers: { location: `http://${plain.host}${path}` } }
        : undefined,
  });
  await using store = await openTestPuller({ insecure: [proxy.host] });
  await expect(store.pull(`${proxy.host}/app:1`)).rejects.toMatchObject({
    code: "registry-error",
    message: expect.stringContaining("which is refused"),
  });
  expect(plain.seen).toEqual([]);
});

test("a token realm elsewhere without https gets no credentials", async () => {
  await using registry = await startRegistry();
  const challenge = { "www-authenticate": 'Bearer realm="http://tokens.invalid/token",service="registry"' };
  await using proxy = await startFaultProxy({
    url: registry.url,
    fault: () => ({ kind: "answer", status: 401, headers: challenge }),
  });
  await using store = await openTestPuller();
  const auth = { username: "someone", password: "secret" };
  await expect(store.pull(`${proxy.host}/app:1`, { auth })).rejects.toMatchObject({
    code: "registry-error",
    message: expect.stringMatching(/^(?!.*secret).*which is refused$/),
  });
});
