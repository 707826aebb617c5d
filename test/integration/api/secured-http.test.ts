import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { GenericContainer, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { failureInTime } from "../../support/failure-in-time";
import { makeCertificate } from "../../support/registry/certificates";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

function failureOf(container: GenericContainer): Promise<Error> {
  return container.start().then(
    () => expect.fail("it started"),
    (error) => error,
  );
}

/** Answers by TLS, with a certificate that nobody knows. */
async function tlsServer(): Promise<GenericContainer> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-tls-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { certificate, key } = await makeCertificate(folder, "localhost");
  return (await GenericContainer.fromHost({ executables: ["openssl"] }))
    .withCopyFilesToContainer([
      { source: certificate, target: "/tls/" },
      { source: key, target: "/tls/" },
    ])
    .withCommand([
      ...["openssl", "s_server", "-accept", "443", "-www", "-quiet"],
      ...["-cert", "/tls/localhost.crt", "-key", "/tls/localhost.key"],
    ])
    .withExposedPorts(443);
}

test("an HTTP wait asks by TLS, of any certificate only when that is allowed", async () => {
  const wait = (): ReturnType<typeof Wait.forHttp> => Wait.forHttp("/", 443).usingTls();

  const { error } = await failureInTime(
    1_000,
    async (limitMs) => failureOf((await tlsServer()).withWaitStrategy(wait()).withStartupTimeout(limitMs)),
    ({ message }) => message.includes("self-signed certificate"),
  );
  expect(error).toMatchObject({
    code: "start-failed",
    message: expect.stringMatching(/self-signed certificate/),
  });
  await using container = await (await tlsServer()).withWaitStrategy(wait().allowInsecure()).start();

  expect(container.getMappedPort(443)).toBeGreaterThan(0);
});

/** Of busybox, which lets nobody in without a password. */
async function guardedServer(): Promise<GenericContainer> {
  return new GenericContainer(await busyboxImage())
    .withCopyContentToContainer([{ content: "/:me:secret:word\n", target: "/etc/httpd.conf" }])
    .withCommand(["httpd", "-f", "-p", "80", "-h", "/www", "-c", "/etc/httpd.conf"])
    .withExposedPorts(80);
}

test("an HTTP wait says who asks", async () => {
  const wait = Wait.forHttp("/", 80).withBasicCredentials("me", "secret:word");
  const wrong = Wait.forHttp("/", 80).withBasicCredentials("me", "wrong").forStatusCode(401);

  for (const strategy of [wait, wrong]) {
    await using _container = await (await guardedServer()).withWaitStrategy(strategy).start();
  }
});

test("an attempt of an HTTP wait takes as long as its read timeout, and no longer", async () => {
  const silent = new GenericContainer(await busyboxImage())
    .withCommand(["nc", "-ll", "-p", "80", "-e", "sleep", "60"])
    .withExposedPorts(80);
  const wait = Wait.forHttp("/", 80).withReadTimeout(150);
  const message = "no answer came within 150 ms";

  const { error } = await failureInTime(
    700,
    (limitMs) => failureOf(silent.withWaitStrategy(wait.withStartupTimeout(limitMs))),
    (failure) => failure.message.includes(message),
  );

  expect(error.message).toContain(message);
});
