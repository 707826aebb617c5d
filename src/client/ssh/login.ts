import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { AgentAuthMethod, ParsedKey, PublicKeyAuthMethod } from "ssh2";
import { messageOf, RuncibleError } from "../../internal/errors";
import { describeEndpoint, type SshEndpoint } from "../endpoint";
import { agentWith, listAgentKeys } from "./key-agent";

/** How this user proves who it is. */
export interface Login {
  readonly user: string;
  readonly methods: (AgentAuthMethod | PublicKeyAuthMethod)[];
  /** What is tried, and what cannot be, for people. */
  readonly tried: readonly string[];
}

const keyNames = ["id_ed25519", "id_ecdsa", "id_rsa"];

/**
 * The agent first, as it has the keys with a passphrase too; then the key files that have none. As servers end a login
 * after a few keys, those of the agent that are this user's usual ones come before its others: so does `ssh` itself.
 */
export async function readLogin(endpoint: SshEndpoint, agentLimitMs: number): Promise<Login> {
  const { agentSocket, homeFolder } = endpoint.identity;
  const user = endpoint.user ?? ownName(endpoint);
  const paths = homeFolder === undefined ? [] : keyNames.map((name) => join(homeFolder, ".ssh", name));
  const files = (await Promise.all(paths.map(readKeyFile))).flat();
  const login: Login & { tried: string[] } = { user, methods: [], tried: [] };
  if (agentSocket !== undefined) await addAgent(login, { socketPath: agentSocket, limitMs: agentLimitMs }, files);
  for (const { file, key } of files) {
    if (key === undefined) {
      login.tried.push(`${file} (not: it has a passphrase, or is no private key; add it to an agent)`);
    } else {
      login.methods.push({ type: "publickey", username: user, key });
      login.tried.push(file);
    }
  }
  return login;
}

async function addAgent(
  { user, methods, tried }: Login & { tried: string[] },
  { socketPath, limitMs }: { readonly socketPath: string; readonly limitMs: number },
  files: readonly KeyFile[],
): Promise<void> {
  const name = "the agent of SSH_AUTH_SOCK";
  try {
    const keys = await listAgentKeys(socketPath, limitMs);
    const usual = keys.filter((key) => files.some(({ publicKey }) => publicKey?.equals(key.getPublicSSH())));
    const ordered = [...usual, ...keys.filter((key) => !usual.includes(key))];
    if (keys.length > 0) methods.push({ type: "agent", username: user, agent: agentWith(socketPath, ordered) });
    tried.push(`${name} (keys: ${keys.length})`);
  } catch (error) {
    tried.push(`${name} (not: ${messageOf(error)})`);
  }
}

interface KeyFile {
  readonly file: string;
  /** Undefined: it cannot be used as it is. */
  readonly key: ParsedKey | undefined;
  readonly publicKey: Buffer | undefined;
}

async function readKeyFile(file: string): Promise<readonly KeyFile[]> {
  const text = await readFile(file).catch(() => undefined);
  if (text === undefined) return [];
  const key = parsedKey(text);
  if (key?.isPrivateKey()) return [{ file, key, publicKey: key.getPublicSSH() }];
  const beside = parsedKey(await readFile(`${file}.pub`).catch(() => Buffer.alloc(0)));
  return [{ file, key: undefined, publicKey: beside?.getPublicSSH() }];
}

function parsedKey(text: Buffer): ParsedKey | undefined {
  const { utils } = require("ssh2") as typeof import("ssh2");
  const key = utils.parseKey(text);
  return key instanceof Error ? undefined : key;
}

/** `cause`: what the server said, or what was left to try. */
export function loginRefused(endpoint: SshEndpoint, { user, tried }: Login, cause: Error): RuncibleError {
  const what = tried.length === 0 ? "no agent runs and no key is in ~/.ssh" : `tried ${tried.join(", ")}`;
  const isTooMany = /too many/i.test(cause.message);
  const advice = isTooMany
    ? "it ends a login after some keys (MaxAuthTries): let the agent have fewer, or the public part of the right one be in ~/.ssh/id_ed25519.pub"
    : "let an agent have the right key, or have the public one added to ~/.ssh/authorized_keys there";
  return new RuncibleError(
    "ssh-login-refused",
    `connect to ${describeEndpoint(endpoint)}: ${user} may not log in there (${cause.message}): ${what}; ${advice}`,
    { cause },
  );
}

function ownName(endpoint: SshEndpoint): string {
  try {
    return userInfo().username;
  } catch (cause) {
    const message = `connect to ${describeEndpoint(endpoint)}: this user has no name; write ssh://user@host`;
    throw new RuncibleError("invalid-argument", message, { cause });
  }
}
