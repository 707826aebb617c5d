import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { AgentInboundRequest, ParsedKey, SigningRequestOptions } from "ssh2";
import { messageOf, RuncibleError } from "../internal/errors";
import type { CommandContext } from "./command";

/** The agents of a build, by id, as paths of their sockets; those that were made of key files end with it. */
export interface SshAgents extends AsyncDisposable {
  readonly paths: ReadonlyMap<string, string>;
}

/**
 * Reads `--ssh` as `docker build` has it: `default` or `ID` for the agent of the environment, `ID=SOCKET` for another,
 * `ID=KEY[,KEY…]` for one that knows these private keys. Throws `invalid-argument`.
 */
export async function openSshAgents(texts: readonly string[], context: CommandContext): Promise<SshAgents> {
  const made: KeyAgent[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(made.map((agent) => agent.close()));
  };
  try {
    const paths = new Map<string, string>();
    for (const text of texts) {
      const [id = "", ...given] = text.split("=");
      const places = given.join("=").split(",").filter(Boolean);
      paths.set(id, await pathOf(id, places, context, made));
    }
    return { paths, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function pathOf(
  id: string,
  places: readonly string[],
  { env, workingFolder }: CommandContext,
  made: KeyAgent[],
): Promise<string> {
  const [first] = places;
  if (first === undefined) {
    const socket = env["SSH_AUTH_SOCK"];
    if (socket) return socket;
    throw wrong(id, `no agent runs here (SSH_AUTH_SOCK is empty); start one, or write --ssh ${id}=KEY-FILE`);
  }
  const paths = places.map((place) => resolve(workingFolder, place));
  const [path = ""] = paths;
  if (places.length === 1 && (await isSocket(id, path))) return path;
  const agent = await openKeyAgent(await Promise.all(paths.map((file) => readKey(id, file))));
  made.push(agent);
  return agent.path;
}

async function isSocket(id: string, path: string): Promise<boolean> {
  try {
    return (await stat(path)).isSocket();
  } catch (cause) {
    throw wrong(id, messageOf(cause), cause);
  }
}

async function readKey(id: string, file: string): Promise<ParsedKey> {
  const { utils } = await ssh2();
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (cause) {
    throw wrong(id, messageOf(cause), cause);
  }
  const key = utils.parseKey(text);
  if (!(key instanceof Error) && key.isPrivateKey()) return key;
  const reason = key instanceof Error ? key.message : "it is a public key";
  throw wrong(id, `${file} is no private key without passphrase: ${reason}; add it to an ssh agent`);
}

interface KeyAgent {
  readonly path: string;
  close(): Promise<void>;
}

/** An ssh agent in this process that knows some keys and learns no others. */
async function openKeyAgent(keys: readonly ParsedKey[]): Promise<KeyAgent> {
  const { AgentProtocol } = await ssh2();
  // Only its owner may look into such a folder.
  const folder = await mkdtemp(join(tmpdir(), "runcible-ssh-"));
  const path = join(folder, "agent");
  const server: Server = createServer((socket) => {
    const protocol = new AgentProtocol(false);
    protocol.on("identities", (request) => protocol.getIdentitiesReply(request, [...keys]));
    protocol.on(
      "sign",
      (request: AgentInboundRequest, wanted: ParsedKey, data: Buffer, { hash }: SigningRequestOptions) => {
        const key = keys.find((known) => known.getPublicSSH().equals(wanted.getPublicSSH()));
        const signature = key?.sign(data, hash);
        if (signature === undefined || signature instanceof Error) protocol.failureReply(request);
        else protocol.signReply(request, signature);
      },
    );
    protocol.on("error", () => socket.destroy());
    socket.on("error", () => protocol.destroy());
    socket.pipe(protocol).pipe(socket);
  });
  await new Promise<void>((done, fail) => server.once("error", fail).listen(path, done));
  return {
    path,
    close: async () => {
      await new Promise((done) => server.close(done));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Loaded when it is needed. Its names are not all to be seen from an import. */
async function ssh2(): Promise<typeof import("ssh2")> {
  return (await import("ssh2")).default;
}

function wrong(id: string, reason: string, cause?: unknown): RuncibleError {
  return new RuncibleError("invalid-argument", `open ssh agent ${id}: ${reason}`, { cause });
}
