import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { run } from "../../../src/internal/exec";
import { makeAuthority, makeCertificateFolder } from "../../support/daemon-certificates";
import { startDockerOn, type TestDocker } from "../../support/docker";
import { loadTestImages } from "../../support/load-test-images";
import { openNamespace, type TestNamespace } from "../../support/network/namespace";
import { rootTest } from "../../support/run-as";

const needsRoot = "a daemon with a bridge needs root";
const images = { "bb:latest": "busybox", "testcontainers/ryuk:0.14.0": "reaper" } as const;

let folder: string;
let machine: TestNamespace;
let docker: TestDocker;
/** As DOCKER_CERT_PATH: what the daemon knows, and what it does not. */
let known: string;
let stranger: string;
let otherAuthority: string;
let withoutClient: string;
let malformed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-docker-over-tls-"));
  const authority = await makeAuthority(join(folder, "authority"));
  const other = await makeAuthority(join(folder, "other"));
  const daemon = await authority.forDaemon(["IP:127.0.0.1", "DNS:daemon.test"]);
  const client = await authority.forClient();
  const foreign = await other.forClient();
  const [ca, cert, key] = await Promise.all([
    readFile(authority.certificate),
    readFile(client.certificate),
    readFile(client.key),
  ]);
  const [otherCa, otherCert, otherKey] = await Promise.all([
    readFile(other.certificate),
    readFile(foreign.certificate),
    readFile(foreign.key),
  ]);
  const certificates = (name: string, files: Readonly<Record<string, Buffer>>): Promise<string> =>
    makeCertificateFolder(join(folder, name), files);
  known = await certificates("known", { "ca.pem": ca, "cert.pem": cert, "key.pem": key });
  stranger = await certificates("stranger", { "ca.pem": ca, "cert.pem": otherCert, "key.pem": otherKey });
  otherAuthority = await certificates("other-ca", { "ca.pem": otherCa, "cert.pem": cert, "key.pem": key });
  withoutClient = await certificates("without-client", { "ca.pem": ca });
  malformed = await certificates("malformed", { "ca.pem": ca, "cert.pem": cert, "key.pem": otherKey });
  machine = await openNamespace();
  const tls = ["--tlsverify", "--tlscacert", authority.certificate, "--tlscert", daemon.certificate];
  const listen = ["--host", "tcp://127.0.0.1:2376", "--tlskey", daemon.key];
  docker = await startDockerOn(machine.path, undefined, [...tls, ...listen]);
  await loadTestImages([docker.host], images);
});

afterAll(async () => {
  await docker?.[Symbol.asyncDispose]();
  await machine?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** On the daemon's machine, where its ports are; the home folder has nothing but these lines of properties. */
async function seenBy(
  scenario: string,
  env: Readonly<Record<string, string>>,
  properties: readonly string[] = [],
): Promise<Record<string, unknown>> {
  const home = await mkdtemp(join(folder, "home-"));
  await writeFile(join(home, ".testcontainers.properties"), properties.join("\n"));
  const settings = {
    ...{ HOME: home, TMPDIR: folder, DOCKER_HOST: "", DOCKER_TLS_VERIFY: "", DOCKER_CERT_PATH: "" },
    TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: "1s",
    TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: docker.host.slice("unix://".length),
    ...env,
  };
  const script = [process.execPath, join(import.meta.dirname, "over-tls.cjs"), scenario];
  const args = [`--net=${machine.path}`, "--", ...script];
  const { stdout } = await run("nsenter", args, { env: { ...process.env, ...settings }, timeoutMs: 120_000 });
  return JSON.parse(stdout);
}

/** DOCKER_HOST and where the certificates are. */
function tls(certificates: string, host = "tcp://127.0.0.1:2376"): Readonly<Record<string, string>> {
  return { DOCKER_HOST: host, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates };
}

const everything = {
  ...{ stdout: "content", stderr: "err\n", exitCode: 3, hasFile: true, page: "root:" },
  ...{ host: "127.0.0.1", log: "ready\n", isSame: true, rest: 0 },
};

describe("with the certificates that the daemon knows", () => {
  rootTest("a container starts, is looked into, copied to and from, read, reached and stopped", needsRoot, async () => {
    expect(await seenBy("everything", tls(known))).toEqual(everything);
  });

  rootTest("an attached container gets all that is written, and its end comes back", needsRoot, async () => {
    expect(await seenBy("attach", tls(known))).toEqual({
      output: expect.stringMatching(/^[0-9a-f]{32} {2}-\nand more\n$/),
    });
  });

  rootTest("BuildKit builds with a session through the same way", needsRoot, async () => {
    expect(await seenBy("buildkit", tls(known))).toEqual({ word: "hello\n" });
  });

  rootTest(".testcontainers.properties names daemon and certificates as well", needsRoot, async () => {
    const properties = ["docker.host=tcp://127.0.0.1:2376", "docker.tls.verify = 1", `docker.cert.path=${known}`];

    expect(await seenBy("everything", {}, properties)).toEqual(everything);
  });

  rootTest("a compose program is told what .testcontainers.properties say", needsRoot, async () => {
    const properties = ["docker.host=tcp://127.0.0.1:2376", "docker.tls.verify=1", `docker.cert.path=${known}`];

    // A machine's own, with which Python's requests replaces the daemon's authority.
    const bundles = { REQUESTS_CA_BUNDLE: "", CURL_CA_BUNDLE: "" };

    expect(await seenBy("compose", bundles, properties)).toEqual({ stdout: "up\n" });
  });

  rootTest("each variable wins over its line of .testcontainers.properties", needsRoot, async () => {
    const properties = ["docker.host=tcp://127.0.0.1:1", "docker.tls.verify=0", "docker.cert.path=/nowhere"];

    expect(await seenBy("connect", tls(known), properties)).toEqual({ version: "string" });
  });
});

describe("what is wrong with certificates is an error that says what to do", () => {
  rootTest("a daemon that another authority has signed", needsRoot, async () => {
    expect(await seenBy("connect", tls(otherAuthority))).toEqual({
      code: "tls-certificate-refused",
      message: expect.stringMatching(/tcp:\/\/127\.0\.0\.1:2376: .*other-ca the ca\.pem that this daemon/),
    });
  });

  rootTest("a daemon whose certificate is for another name", needsRoot, async () => {
    expect(await seenBy("connect", tls(known, "tcp://localhost:2376"))).toEqual({
      code: "tls-certificate-refused",
      message: expect.stringMatching(/not for localhost \(it is for .*127\.0\.0\.1.*daemon\.test\).*DNS:localhost/),
    });
  });

  rootTest("a client certificate that is not there", needsRoot, async () => {
    expect(await seenBy("connect", tls(withoutClient))).toEqual({
      code: "invalid-argument",
      message: expect.stringMatching(/without-client \(DOCKER_CERT_PATH\): there is no cert\.pem; put there/),
    });
  });

  rootTest("a client certificate that the daemon does not know, at each of five tries", needsRoot, async () => {
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await seenBy("connect", tls(stranger))).toEqual({
        code: "tls-login-refused",
        message: expect.stringMatching(/refuses this client \(bad certificate\); put into .*stranger a cert\.pem/),
      });
    }
  });

  rootTest("a refusal that was lost with the connection is asked for again", needsRoot, async () => {
    expect(await seenBy("connectAgain", tls(stranger))).toMatchObject({ code: "tls-login-refused" });
    expect(await seenBy("connectAgain", tls(known))).toMatchObject({ code: "engine-unreachable" });
  });

  rootTest("a key that is not that of the certificate", needsRoot, async () => {
    expect(await seenBy("connect", tls(malformed))).toEqual({
      code: "invalid-argument",
      message: expect.stringMatching(/cert\.pem and key\.pem are no certificate with its key/),
    });
  });

  rootTest("no certificates for a daemon that wants some", needsRoot, async () => {
    expect(await seenBy("connect", { DOCKER_HOST: "tcp://127.0.0.1:2376" })).toEqual({
      code: "engine-unreachable",
      message: expect.stringMatching(/speaks TLS only; set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH/),
    });
    expect(await seenBy("connect", { DOCKER_HOST: "https://127.0.0.1:2376" })).toEqual({
      code: "tls-certificate-refused",
      message: expect.stringMatching(/with DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH/),
    });
  });

  rootTest("nobody at the port", needsRoot, async () => {
    expect(await seenBy("connect", tls(known, "tcp://127.0.0.1:1"))).toEqual({
      code: "engine-unreachable",
      message: expect.stringMatching(/tcp:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*unset DOCKER_HOST/),
    });
  });
});

rootTest("over plain TCP as well, where certificates are done without", needsRoot, async () => {
  await using other = await openNamespace();
  await using plain = await startDockerOn(other.path, undefined, ["--host", "tcp://127.0.0.1:2375", "--tls=false"]);
  await loadTestImages([plain.host], { "bb:latest": "busybox" });
  const there = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
    const settings = { ...process.env, TESTCONTAINERS_RYUK_DISABLED: "true", ...env };
    const script = [process.execPath, join(import.meta.dirname, "over-tls.cjs"), "everything"];
    return JSON.parse((await run("nsenter", [`--net=${other.path}`, "--", ...script], { env: settings })).stdout);
  };

  expect(await there({ DOCKER_HOST: "tcp://127.0.0.1:2375", DOCKER_TLS_VERIFY: "" })).toEqual(everything);
  expect(await there(tls(known, "tcp://127.0.0.1:2375"))).toEqual({
    code: "engine-unreachable",
    message: expect.stringMatching(/does not speak TLS; unset DOCKER_TLS_VERIFY/),
  });
});
