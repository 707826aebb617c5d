import { messageOf, RuncibleError } from "../internal/errors";
import { runUnchecked } from "../internal/exec";
import type { RegistryAuth } from "../wire/registry-auth";

const timeoutMs = 30_000;
/** How long an answer holds: containers that start at once ask once, and a token that ends is asked for anew. */
const keptMs = 60_000;
/** What a helper calls the user when its secret is a token. */
const tokenUser = "<token>";

const answers = new Map<string, { readonly atMs: number; readonly answer: Promise<RegistryAuth | undefined> }>();

/**
 * What the program `docker-credential-<name>` knows of a registry; undefined: nothing. Throws
 * `credential-helper-failed` when it cannot be run or says something that makes no sense.
 */
export function askCredentialHelper(name: string, registry: string): Promise<RegistryAuth | undefined> {
  const key = `${name} ${registry}`;
  const known = answers.get(key);
  if (known !== undefined && Date.now() - known.atMs < keptMs) return known.answer;
  const answer = ask(name, registry);
  answers.set(key, { atMs: Date.now(), answer });
  answer.catch(() => answers.delete(key));
  return answer;
}

async function ask(name: string, registry: string): Promise<RegistryAuth | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name)) throw failed(program, `"${name}" in config.json is no name of a program`);
  const { exitCode, stdout } = await runUnchecked(program, ["get"], { input: `${registry}\n`, timeoutMs }).catch(
    (cause: unknown) => {
      throw failed(program, `${messageOf(cause)}; install it, or take it out of config.json`, cause);
    },
  );
  // Every helper says so when it has nothing, in words of its own.
  if (exitCode !== 0) return undefined;
  return parseAnswer(program, registry, stdout);
}

/** The answer is not quoted: it has the password. */
function parseAnswer(program: string, registry: string, text: string): RegistryAuth | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (typeof json !== "object" || json === null || !("Username" in json) || !("Secret" in json)) {
    throw failed(program, "Unexpected response from Docker credential provider GET command");
  }
  const { Username: username, Secret: secret } = json;
  if (typeof username !== "string" || typeof secret !== "string" || secret === "") return undefined;
  const serverAddress = ("ServerURL" in json && typeof json.ServerURL === "string" && json.ServerURL) || registry;
  if (username === tokenUser) return { identityToken: secret, serverAddress };
  return { username, password: secret, serverAddress };
}

function failed(program: string, reason: string, cause?: unknown): RuncibleError {
  return new RuncibleError("credential-helper-failed", `Error from Docker credential provider: ${program}: ${reason}`, {
    cause,
  });
}
