import type { ChildProcess } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { exitOf, spawnTool } from "../../../src/internal/exec";
import { makeCertificate } from "./certificates";
import { startTokenServer, type TokenServer, tokenIssuer, tokenService } from "./token-server";

export interface StartRegistryOptions {
  /** Default: none. "token" gives everybody read access to repositories below `public/`. */
  readonly auth?: "none" | "basic" | "token";
  /** Self-signed; `certificateFolder` has the CA in the layout of certs.d. Default: false. */
  readonly tls?: boolean;
}

/** Debian's docker-registry on a free port of 127.0.0.1 with a storage folder of its own. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`, as it stands in an image reference. */
  readonly host: string;
  /** `http://…` or `https://…`, without a slash at the end. */
  readonly url: string;
  /** Accepted with `auth`. */
  readonly credentials: { readonly username: string; readonly password: string };
  readonly identityToken: string;
  /** `<folder>/<host>/ca.crt` exists when `tls` is set. */
  readonly certificateFolder: string;
  /** Where the registry keeps its files; tests may damage them. */
  readonly storageFolder: string;
  readonly tokenServer: TokenServer | undefined;
  /** Flags that let skopeo write to it: `skopeo copy <flags> oci:… docker://<host>/name:tag`. */
  readonly skopeoFlags: readonly string[];
}

const username = "tester";
const password = "open sesame";
const passwordHash = "$2b$04$ZkfxBwXSS3YgvR2.XtNWYe3GDDdV3E.kA4pUEy5M/1VJUrrwAfjxa";
const identityToken = "identity-token-of-tester";

export async function startRegistry(options: StartRegistryOptions = {}): Promise<TestRegistry> {
  const auth = options.auth ?? "none";
  const folder = await mkdtemp(join(tmpdir(), "runcible-registry-"));
  const storageFolder = join(folder, "storage");
  const certificateFolder = join(folder, "certs.d");
  const server = options.tls ? await makeCertificate(folder, "server") : undefined;
  const signer = auth === "token" ? await makeCertificate(folder, "signer") : undefined;
  const tokenServer =
    signer && (await startTokenServer({ signer, username, password, identityToken, publicPrefix: "public/" }));
  await writeFile(join(folder, "htpasswd"), `${username}:${passwordHash}\n`);
  const config = {
    version: "0.1",
    log: { level: "info", formatter: "json" },
    storage: { filesystem: { rootdirectory: storageFolder }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", ...(server && { tls: server }) },
    ...(auth === "basic" && { auth: { htpasswd: { realm: "test", path: join(folder, "htpasswd") } } }),
    ...(signer && {
      auth: {
        token: {
          ...{ realm: tokenServer?.realm, service: tokenService, issuer: tokenIssuer },
          rootcertbundle: signer.certificate,
        },
      },
    }),
  };
  // JSON is YAML.
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  // The kernel ends the registry if the test process dies without cleaning up.
  const args = ["--pdeathsig", "KILL", "docker-registry", "serve", join(folder, "config.yml")];
  const child = spawnTool("setpriv", args, { stdio: ["ignore", "ignore", "pipe"] });
  const exited = exitOf(child, "setpriv");
  exited.catch(() => {});
  const host = await listeningAddress(child);
  if (server) {
    await mkdir(join(certificateFolder, host), { recursive: true });
    await copyFile(server.certificate, join(certificateFolder, host, "ca.crt"));
  }
  return {
    ...{ host, url: `${server ? "https" : "http"}://${host}`, credentials: { username, password }, identityToken },
    ...{ certificateFolder, storageFolder, tokenServer },
    skopeoFlags: ["--dest-tls-verify=false", ...(auth === "none" ? [] : ["--dest-creds", `${username}:${password}`])],
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      await tokenServer?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** docker-registry logs the port that the kernel chose. */
function listeningAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const { stderr } = child;
    if (stderr === null) throw new TypeError("docker-registry was started without a pipe for stderr");
    const seen: string[] = [];
    const lines = createInterface({ input: stderr });
    lines.on("line", (line) => {
      if (seen.length < 50) seen.push(line);
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once("error", reject);
    lines.once("close", () => reject(new TypeError(`docker-registry did not start: ${seen.join("\n")}`)));
  });
}
