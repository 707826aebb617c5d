import type { ChildProcess } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { exitOf, run, runUnchecked, spawnTool } from "../../src/internal/exec";

/**
 * A user of the machine who is in no list, so that there is neither a name nor a range of ids unless it is asked for.
 * For tests that run as root.
 */
export interface OrdinaryUser extends AsyncDisposable {
  readonly uid: number;
  readonly stateFolder: string;
  /** What its processes have in their environment, more than the machine's; what is undefined they have not. */
  readonly env: Record<string, string | undefined>;
  /** Runs a verb of fixtures/ordinary-user.cjs to its end. */
  ask(verb: string, argument?: string): Promise<unknown>;
  /** Runs a verb that answers and goes on until it is ended. */
  keep(verb: string, argument: string): Promise<{ readonly answer: unknown; end(): Promise<void> }>;
}

/** A copy of this checkout that everybody can read, wherever the checkout itself lies. */
export interface ReadableCheckout extends AsyncDisposable {
  /** Its engine ends, and its folder goes, when it is disposed. */
  user(uid: number, options?: UserOptions): Promise<OrdinaryUser>;
}

export interface UserOptions {
  /** Default: true. */
  readonly mayHaveNamespaces?: boolean;
  /** Whether there is a name, and a range of further ids in /etc/subuid and /etc/subgid. Default: false. */
  readonly hasRange?: boolean;
}

const checkout = new URL("../..", import.meta.url).pathname;

export async function readableCheckout(): Promise<ReadableCheckout> {
  // Not below the suite's own folder, which nobody else may enter.
  const folder = await mkdtemp("/var/tmp/runcible-users-");
  await chmod(folder, 0o755);
  const copy = join(folder, "checkout");
  await mkdir(join(copy, "test"), { recursive: true });
  for (const name of ["package.json", "build", "node_modules", "test/fixtures"]) {
    // By links where the file system allows.
    const { exitCode } = await runUnchecked("cp", ["-al", join(checkout, name), join(copy, name)]);
    if (exitCode !== 0) await run("cp", ["-a", join(checkout, name), join(copy, name)]);
  }
  return {
    user: (uid, { mayHaveNamespaces = true, hasRange = false } = {}) =>
      ordinaryUser(uid, { folder, copy, mayHaveNamespaces, hasRange }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

interface Place {
  readonly folder: string;
  readonly copy: string;
  readonly mayHaveNamespaces: boolean;
  readonly hasRange: boolean;
}

async function ordinaryUser(uid: number, place: Place): Promise<OrdinaryUser> {
  const home = join(place.folder, `home-${uid}`);
  await mkdir(home, { mode: 0o755 });
  await chown(home, uid, uid);
  const stateFolder = join(home, "state");
  const env: OrdinaryUser["env"] = {};
  const start = (verb: string, argument: string): ChildProcess => {
    const fixture = join(place.copy, "test/fixtures/ordinary-user.cjs");
    const as = ["setpriv", "--reuid", String(uid), "--regid", String(uid), "--clear-groups", "--inh-caps=-all"];
    // Nothing needs a set-user-id program but newuidmap, which gives the ids of a range.
    as.push(...(place.hasRange ? [] : ["--no-new-privs"]), "--");
    const forbidding = place.mayHaveNamespaces ? [] : ["sh", join(place.copy, "test/fixtures/without-namespaces.sh")];
    const ranging = place.hasRange ? ["sh", join(place.copy, "test/fixtures/with-range.sh"), String(uid)] : [];
    const [command = "", ...args] = [...forbidding, ...ranging, ...as];
    return spawnTool(command, [...args, process.execPath, fixture, verb, argument], {
      cwd: home,
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: home, RUNCIBLE_STATE_DIR: stateFolder, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
  };
  const keep: OrdinaryUser["keep"] = async (verb, argument) => {
    const child = start(verb, argument);
    const ended = exitOf(child, "setpriv");
    ended.catch(() => {});
    const line = await firstLine(child);
    const end = async (): Promise<void> => {
      child.stdin?.end();
      await ended;
    };
    return { answer: JSON.parse(line), end };
  };
  const ask = async (verb: string, argument = ""): Promise<unknown> => {
    const { answer, end } = await keep(verb, argument);
    await end();
    return answer;
  };
  return {
    uid,
    stateFolder,
    env,
    ask,
    keep,
    [Symbol.asyncDispose]: async () => {
      await ask("end-engine");
    },
  };
}

/** Throws when the process ends without one. */
async function firstLine({ stdout }: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: stdout ?? Readable.from([]) })) return line;
  throw new TypeError("the other user's process ended without an answer");
}
