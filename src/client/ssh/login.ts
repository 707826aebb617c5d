import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { AgentAuthMethod, PublicKeyAuthMethod } from "ssh2";
import { RuncibleError } from "../../internal/errors";
import { describeEndpoint, type SshEndpoint } from "../endpoint";

/** How this user proves who it is. */
export interface Login {
  readonly user: string;
  readonly methods: (AgentAuthMethod | PublicKeyAuthMethod)[];
  /** What is tried, and what cannot be, for people. */
  readonly tried: readonly string[];
}

const keyNames = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** The agent first, as it has the keys with a passphrase too; then the key files that have none. */
export async function readLogin(endpoint: SshEndpoint): Promise<Login> {
  const { utils } = require("ssh2") as typeof import("ssh2");
  const { agentSocket, homeFolder } = endpoint.identity;
  const user = endpoint.user ?? ownName(endpoint);
  const login: Login & { tried: string[] } = { user, methods: [], tried: [] };
  if (agentSocket !== undefined) {
    login.methods.push({ type: "agent", username: user, agent: agentSocket });
    login.tried.push("the agent of SSH_AUTH_SOCK");
  }
  for (const name of keyNames) {
    const file = join(homeFolder, ".ssh", name);
    const text = await readFile(file).catch(() => undefined);
    if (text === undefined) continue;
    const key = utils.parseKey(text);
    if (key instanceof Error || !key.isPrivateKey()) {
      login.tried.push(`${file} (not: it has a passphrase, or is no private key; add it to an agent)`);
    } else {
      login.methods.push({ type: "publickey", username: user, key });
      login.tried.push(file);
    }
  }
  return login;
}

export function loginRefused(endpoint: SshEndpoint, { user, tried }: Login, cause: unknown): RuncibleError {
  const what = tried.length === 0 ? "no agent runs and no key is in ~/.ssh" : `tried ${tried.join(", ")}`;
  return new RuncibleError(
    "ssh-login-refused",
    `connect to ${describeEndpoint(endpoint)}: ${user} may not log in there: ${what}; let an agent have the right key, ` +
      "or have the public one added to ~/.ssh/authorized_keys there",
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
