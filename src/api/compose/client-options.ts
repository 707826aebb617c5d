import { parseArgs } from "node:util";
import { messageOf, RuncibleError } from "../../internal/errors";
import { checkedList, checkedObject, checkedText, checkedWords } from "../checks";

/** A flag and its value may be a list of their own. */
type Words = (string | string[])[];

/**
 * Options for the compose program of the original. Without `executable` no program is run, and what of them has a
 * meaning all the same is honoured. With it, `docker compose` or `docker-compose` does the work, and is given them as
 * they are.
 */
export interface ComposeClientOptions {
  /** Flags of `up`. */
  commandOptions?: Words | undefined;
  /** Flags before the verb. */
  composeOptions?: Words | undefined;
  /**
   * The program: `docker`, whose options come before `compose`, or a `standalone` docker-compose (default: the one of
   * the search path).
   */
  executable?:
    | { executablePath: string; options?: Words | undefined; standalone?: false | undefined }
    | { standalone: true; executablePath?: string | undefined }
    | undefined;
  /** Is told what is done, or what the program writes. */
  logger?: ComposeLogger | undefined;
}

export interface ComposeLogger {
  info(message: string): unknown;
  error(message: string): unknown;
}

export interface ChosenOptions {
  readonly profiles: readonly string[];
  readonly envFiles: readonly string[];
  readonly projectFolder: string | undefined;
  readonly projectName: string | undefined;
  readonly build: boolean;
  readonly recreate: "all" | "never" | undefined;
  readonly noDependencies: boolean;
  readonly noStart: boolean;
  readonly removeOrphans: boolean;
  readonly wait: boolean;
  readonly scale: Readonly<Record<string, number>>;
  readonly renewVolumes: boolean;
  /** Come back when a container has ended, and end the others. */
  readonly untilOneEnds: boolean;
  readonly stopTimeoutSeconds?: number;
}

/** For what this package does itself. Throws `invalid-argument` for a flag that has no meaning without a program. */
export function chosenOptions({ commandOptions, composeOptions }: ComposeClientOptions): ChosenOptions {
  const compose = parsed("composeOptions", composeOptions, {
    profile: { type: "string", multiple: true },
    "env-file": { type: "string", multiple: true },
    "project-directory": { type: "string" },
    "project-name": { type: "string", short: "p" },
    // How the program shows what it does, and how much of it at once: here nothing is shown, and steps wait for each
    // other alone.
    ansi: { type: "string" },
    "no-ansi": { type: "boolean" },
    progress: { type: "string" },
    parallel: { type: "string" },
  });
  const command = parsed("commandOptions", commandOptions, {
    build: { type: "boolean" },
    detach: { type: "boolean", short: "d" },
    "force-recreate": { type: "boolean" },
    "no-recreate": { type: "boolean" },
    "no-deps": { type: "boolean" },
    "no-start": { type: "boolean" },
    "quiet-pull": { type: "boolean" },
    "remove-orphans": { type: "boolean" },
    "abort-on-container-exit": { type: "boolean" },
    "renew-anon-volumes": { type: "boolean", short: "V" },
    timeout: { type: "string", short: "t" },
    wait: { type: "boolean" },
    // Nothing is shown.
    "no-color": { type: "boolean" },
    "no-log-prefix": { type: "boolean" },
    scale: { type: "string", multiple: true },
  });
  return {
    profiles: texts(compose["profile"]),
    envFiles: texts(compose["env-file"]),
    projectFolder: textOf(compose["project-directory"]),
    projectName: textOf(compose["project-name"]),
    build: command["build"] === true,
    recreate: recreateOf(command),
    noDependencies: command["no-deps"] === true,
    noStart: command["no-start"] === true,
    removeOrphans: command["remove-orphans"] === true,
    wait: command["wait"] === true,
    scale: Object.fromEntries(texts(command["scale"]).map(scaleOf)),
    renewVolumes: command["renew-anon-volumes"] === true,
    untilOneEnds: command["abort-on-container-exit"] === true,
    ...stopTimeoutOf(textOf(command["timeout"])),
  };
}

/** What `-p` says among the options for a program, of which others are not known here. */
export function namedProject(composeOptions: Words): string | undefined {
  const options = { "project-name": { type: "string", short: "p" } } as const;
  return textOf(parseArgs({ args: composeOptions.flat(), options, strict: false }).values["project-name"]);
}

export function checkedExecutable(executable: NonNullable<ComposeClientOptions["executable"]>): void {
  checkedObject(executable, "the compose program");
  if (executable.executablePath !== undefined || !executable.standalone) {
    checkedText(executable.executablePath ?? "", "executablePath, the compose program");
  }
  if (!executable.standalone && executable.options !== undefined) {
    wordsOf(executable.options, "the options of the compose program");
  }
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;
type Flags = Readonly<Record<string, unknown>>;

function parsed(name: string, words: Words | undefined, options: Options): Flags {
  const args = wordsOf(words, name);
  try {
    return parseArgs({ args, options }).values;
  } catch (cause) {
    const advice = "no program is run that would know it, unless you name one: executable";
    throw new RuncibleError("invalid-argument", `set compose options: ${name}: ${messageOf(cause)} (${advice})`, {
      cause,
    });
  }
}

/** One after the other. Throws `invalid-argument`. */
function wordsOf(words: Words | undefined, what: string): string[] {
  return checkedWords(checkedList(words ?? [], what).flat(), what);
}

function recreateOf(command: Flags): ChosenOptions["recreate"] {
  if (command["force-recreate"] === true) return "all";
  return command["no-recreate"] === true ? "never" : undefined;
}

function stopTimeoutOf(text: string | undefined): Pick<ChosenOptions, "stopTimeoutSeconds"> {
  if (text === undefined) return {};
  if (/^\d+$/.test(text)) return { stopTimeoutSeconds: Number(text) };
  throw new RuncibleError("invalid-argument", `set compose options: --timeout is a number of seconds, not "${text}"`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function scaleOf(text: string): readonly [string, number] {
  const [, service, count] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
  if (service !== undefined && count !== undefined) return [service, Number(count)];
  throw new RuncibleError("invalid-argument", `set compose options: --scale is SERVICE=NUMBER, not "${text}"`);
}
