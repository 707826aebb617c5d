import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { run, spawnTool } from "../../src/internal/exec";
import { killIfThere } from "../../src/internal/kill-if-there";
import { freePort } from "./free-port";
import { waitUntil } from "./wait-until";

/** Debian's SSH server, for this user alone. */
export interface SshServer extends AsyncDisposable {
  readonly port: number;
  /** As a line of `known_hosts` ends: type and key. */
  readonly hostKey: string;
  /** `ssh://user@address:port`. */
  readonly url: string;
  /** A folder to be HOME: with the key that the server takes, and `knownHosts` as what is known. */
  home(knownHosts: string): Promise<string>;
  /** Ends all connections. */
  hangUp(): Promise<void>;
  /** Stops what serves its connections, which stay open. */
  freeze(): Promise<void>;
}

export interface SshServerPlace {
  /** Network namespace. Default: that of this process. */
  readonly machine?: string;
  /** Default: 127.0.0.1. */
  readonly address?: string;
}

/** `settings`: further lines of its configuration. */
export async function startSshServer(settings = "", place: SshServerPlace = {}): Promise<SshServer> {
  const { address = "127.0.0.1" } = place;
  const folder = await mkdtemp(join(tmpdir(), "runcible-sshd-"));
  const [hostKeyFile, userKeyFile] = [join(folder, "host_key"), join(folder, "user_key")];
  for (const file of [hostKeyFile, userKeyFile]) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  const [type = "", key = ""] = (await readFile(`${hostKeyFile}.pub`, "utf8")).split(" ");
  const config = `HostKey ${hostKeyFile}
AuthorizedKeysFile ${userKeyFile}.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv PATH=${process.env["PATH"]}
${settings}
`;
  await makePrivilegeFolder();
  const { server, port, exit } = await startListening(join(folder, "config"), config, place);
  const frozen: number[] = [];
  return {
    port,
    hostKey: `${type} ${key}`,
    url: `ssh://${userInfo().username}@${address}:${port}`,
    home: async (knownHosts) => {
      const home = await mkdtemp(join(folder, "home-"));
      await mkdir(join(home, ".ssh"));
      await writeFile(join(home, ".ssh", "id_ed25519"), await readFile(userKeyFile), { mode: 0o600 });
      await writeFile(join(home, ".ssh", "known_hosts"), knownHosts);
      return home;
    },
    hangUp: async () => {
      for (const pid of await childrenOf(server.pid)) killIfThere(pid, "SIGTERM");
    },
    freeze: async () => {
      // For an ordinary user, a connection has a second process below the first.
      const first = await childrenOf(server.pid);
      const all = [...first, ...(await Promise.all(first.map(childrenOf))).flat()];
      for (const pid of all) killIfThere(pid, "SIGSTOP");
      frozen.push(...all);
    },
    async [Symbol.asyncDispose]() {
      // Children first: those of a stopped process stay where they are.
      for (const pid of frozen.reverse()) killIfThere(pid, "SIGKILL");
      server.kill();
      await exit;
      // Programs of its sessions may still have it.
      server.stderr?.destroy();
      await rm(folder, { recursive: true });
    },
  };
}

interface Listening {
  readonly server: ChildProcess;
  readonly port: number;
  readonly exit: Promise<unknown>;
}

const portAttempts = 5;

/** On a port that nobody has, also when somebody has just taken the one that was chosen. */
async function startListening(file: string, config: string, place: SshServerPlace, attempt = 1): Promise<Listening> {
  const { machine = "/proc/self/ns/net", address = "127.0.0.1" } = place;
  const port = await freePort();
  await writeFile(file, `ListenAddress ${address}:${port}\n${config}`);
  // The kernel ends it if the test process dies, or gives a test up, without cleaning up.
  const command = ["setpriv", "--pdeathsig", "KILL", "/usr/sbin/sshd", "-D", "-e", "-f", file];
  const isHere = machine === "/proc/self/ns/net";
  const [program = "", ...args] = isHere ? command : ["nsenter", `--net=${machine}`, "--", ...command];
  const server = spawnTool(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  server.stderr?.on("data", (text: Buffer) => {
    log += text.toString();
  });
  const exit = once(server, "exit");
  const isListening = (): boolean => log.includes("Server listening");
  await waitUntil(async () => isListening() || server.exitCode !== null, 30_000);
  if (isListening()) return { server, port, exit };
  // Mostly as its port was taken.
  const mayTryAgain = server.exitCode !== null && attempt < portAttempts;
  server.kill("SIGKILL");
  await exit;
  if (!mayTryAgain) throw new TypeError(`sshd: ${log}`);
  return await startListening(file, config, place, attempt + 1);
}

/** Of one that has just gone: none. */
async function childrenOf(pid: number | undefined): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return (text.match(/\d+/g) ?? []).map(Number);
}

/**
 * Root's sshd wants it, and only systemd makes it. It stays: it is everybody's, and each login of another server needs
 * it as much as this one's.
 */
async function makePrivilegeFolder(): Promise<void> {
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { mode: 0o755, recursive: true });
}
