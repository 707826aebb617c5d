import { parseArgs } from "node:util";
import { messageOf, RuncibleError } from "../../internal/errors";

/** Options for the compose program of the original; what of them has a meaning without a program is honoured. */
export interface ComposeClientOptions {
  /** Flags of `up`. */
  commandOptions?: string[] | undefined;
  /** Flags before the verb. */
  composeOptions?: string[] | undefined;
  executable?:
    | { executablePath: string; options?: string[] | undefined; standalone?: false | undefined }
    | { standalone: true; executablePath?: string | undefined }
    | undefined;
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
  readonly build: boolean;
  readonly recreate: "all" | "never" | undefined;
  readonly noDependencies: boolean;
  readonly noStart: boolean;
  readonly removeOrphans: boolean;
  readonly wait: boolean;
  readonly scale: Readonly<Record<string, number>>;
}

/** Throws `invalid-argument` for a flag that is not known here, `not-implemented` for a program. */
export function chosenOptions({ commandOptions, composeOptions, executable }: ComposeClientOptions): ChosenOptions {
  if (executable !== undefined) {
    throw new RuncibleError(
      "not-implemented",
      "set compose options: no other program is run; leave out executable, compose files are read by this package",
    );
  }
  const compose = parsed("composeOptions", composeOptions, {
    profile: { type: "string", multiple: true },
    "env-file": { type: "string", multiple: true },
    "project-directory": { type: "string" },
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
    wait: { type: "boolean" },
    scale: { type: "string", multiple: true },
  });
  const folder = compose["project-directory"];
  return {
    profiles: texts(compose["profile"]),
    envFiles: texts(compose["env-file"]),
    projectFolder: typeof folder === "string" ? folder : undefined,
    build: command["build"] === true,
    recreate: recreateOf(command),
    noDependencies: command["no-deps"] === true,
    noStart: command["no-start"] === true,
    removeOrphans: command["remove-orphans"] === true,
    wait: command["wait"] === true,
    scale: Object.fromEntries(texts(command["scale"]).map(scaleOf)),
  };
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;
type Flags = Readonly<Record<string, unknown>>;

function parsed(name: string, args: readonly string[] | undefined, options: Options): Flags {
  try {
    return parseArgs({ args: [...(args ?? [])], options }).values;
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `set compose options: ${name}: ${messageOf(cause)}`, { cause });
  }
}

function recreateOf(command: Flags): ChosenOptions["recreate"] {
  if (command["force-recreate"] === true) return "all";
  return command["no-recreate"] === true ? "never" : undefined;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function scaleOf(text: string): readonly [string, number] {
  const [, service, count] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
  if (service !== undefined && count !== undefined) return [service, Number(count)];
  throw new RuncibleError("invalid-argument", `set compose options: --scale is SERVICE=NUMBER, not "${text}"`);
}
