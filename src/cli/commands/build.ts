import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { baseNames } from "../../build/dockerfile/base-names";
import { type FolderContext, openContextWith, openFolderContext } from "../../client/folder-context";
import { credentialsToBuild } from "../../client/pull-credentials";
import { registryOf } from "../../client/registry-credentials";
import { messageOf, RuncibleError } from "../../internal/errors";
import { type BuildView, createBuildView } from "../build-view";
import type { Command, CommandContext, Flags } from "../command";
import { listFlag, textFlag, wordFlag } from "../flag-values";
import { printStep } from "../progress";
import { loginSources } from "../registry-login";
import { openSshAgents } from "../ssh-agents";

export const buildCommand: Command = {
  name: "build",
  summary: "Build an image from a Dockerfile",
  usage: "[OPTIONS] PATH",
  flags: [
    {
      name: "build-arg",
      type: "string",
      isRepeatable: true,
      description: "Value of an ARG: NAME=VALUE, or NAME to take it from here",
    },
    {
      name: "file",
      short: "f",
      type: "string",
      description: "Path of the Dockerfile, anywhere; - for standard input (default: PATH/Dockerfile)",
    },
    { name: "label", type: "string", isRepeatable: true, description: "Label of the image: NAME=VALUE" },
    { name: "no-cache", type: "boolean", description: "Make every step anew" },
    { name: "platform", type: "string", description: "Platform of the base images, linux/arm64 for example" },
    {
      name: "progress",
      type: "string",
      description:
        "plain (lines), tty (steps and the end of their output, in place) or auto: tty in a terminal (default)",
    },
    { name: "pull", type: "boolean", description: "Ask the registry for the base images even if they are here" },
    { name: "quiet", short: "q", type: "boolean", description: "Print only the image's id" },
    {
      name: "secret",
      type: "string",
      isRepeatable: true,
      description: "For RUN --mount=type=secret: id=ID,src=FILE or id=ID,env=NAME",
    },
    {
      name: "ssh",
      type: "string",
      isRepeatable: true,
      description:
        "For RUN --mount=type=ssh: default or ID (the agent that runs here), or ID=SOCKET or ID=KEY[,KEY...]",
    },
    { name: "tag", short: "t", type: "string", isRepeatable: true, description: "Name of the image, NAME[:TAG]" },
    { name: "target", type: "string", description: "Stage to build (default: the last one)" },
  ],
  arguments: { min: 1, max: 1 },
  run: async (context, { flags, arguments: [folder = ""] }) => {
    const { stream, dockerfile, text: dockerfileText } = await openContext(folder, textFlag(flags, "file"), context);
    const secrets = new Map(await Promise.all(listFlag(flags, "secret").map((text) => secretOf(text, context))));
    await using agents = await openSshAgents(listFlag(flags, "ssh"), context);
    const buildArgs = pairsOf(listFlag(flags, "build-arg"), context.env);
    const bases = baseNames(dockerfileText, buildArgs).map((name) => ({ name, registry: registryOf(name) }));
    const isQuiet = flags["quiet"] === true;
    const progress = wordFlag(flags, "progress", ["auto", "plain", "tty"]) ?? "auto";
    const client = await context.connect();
    const auths = await credentialsToBuild(client.images, bases, loginSources(context.env));
    const view = isQuiet ? undefined : viewOf(progress, context);
    try {
      const id = await client.build.image({
        context: stream,
        dockerfile,
        tags: listFlag(flags, "tag"),
        buildArgs,
        auths,
        labels: pairsOf(listFlag(flags, "label"), {}),
        ...textPart(flags, "target"),
        ...textPart(flags, "platform"),
        noCache: flags["no-cache"] === true,
        pull: flags["pull"] === true,
        secrets,
        agents: agents.paths,
        onProgress: (line) => view?.add(line),
      });
      view?.close();
      if (isQuiet) context.out(`${id}\n`);
      return 0;
    } catch (error) {
      view?.fail();
      const file = textFlag(flags, "file");
      return commandExitCode(file === undefined ? error : withFileName(error, dockerfile, file), context);
    } finally {
      view?.close();
    }
  },
};

function viewOf(progress: "auto" | "plain" | "tty", { out, stdout }: CommandContext): BuildView {
  const isLive = progress === "tty" || (progress === "auto" && stdout.isTTY === true);
  if (isLive) return createBuildView({ write: out, columns: () => stdout.columns });
  return { add: (line) => printStep(line, out), fail: () => {}, close: () => {} };
}

async function openContext(
  folder: string,
  file: string | undefined,
  { workingFolder, stdin }: CommandContext,
): Promise<FolderContext> {
  if (file !== "-") return openFolderContext(folder, file, workingFolder);
  return openContextWith(resolve(workingFolder, folder), await text(stdin));
}

/** The error with the Dockerfile's name as the caller gave it: one from elsewhere has another in the context. */
function withFileName(error: unknown, sent: string, file: string): unknown {
  if (!(error instanceof RuncibleError)) return error;
  const { code, message, evidence } = error;
  const told = message.replaceAll(`(${sent}:`, `(${file === "-" ? "standard input" : file}:`);
  return new RuncibleError(code, told, { cause: error, evidence });
}

/** A failed command of the Dockerfile ends this one with the same exit code. */
function commandExitCode(error: unknown, { err }: CommandContext): number {
  if (!(error instanceof RuncibleError) || error.code !== "build-step-failed") throw error;
  err(`runcible: ${messageOf(error)}\n`);
  const exitCode = error.evidence["exitCode"];
  return typeof exitCode === "number" ? exitCode : 1;
}

/** `NAME` alone takes its value from the environment; one that is not there is left out. */
function pairsOf(texts: readonly string[], env: CommandContext["env"]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.flatMap((text) => {
      const equals = text.indexOf("=");
      if (equals >= 0) return [[text.slice(0, equals), text.slice(equals + 1)]];
      const value = env[text];
      return value === undefined ? [] : [[text, value]];
    }),
  );
}

async function secretOf(text: string, { env, workingFolder }: CommandContext): Promise<readonly [string, Buffer]> {
  const fields = new Map(text.split(",").map((field) => [field.split("=", 1)[0] ?? "", field.replace(/^[^=]*=/, "")]));
  const id = fields.get("id");
  const file = fields.get("src") ?? fields.get("source");
  const name = fields.get("env");
  const wrong = (reason: string, cause?: unknown): RuncibleError =>
    new RuncibleError("invalid-argument", `read secret ${id ?? ""}: ${reason}`, { cause });
  if (id === undefined) throw wrong("it has no id; write id=ID,src=FILE");
  if (name !== undefined) {
    const value = env[name];
    if (value === undefined) throw wrong(`the environment has no ${name}`);
    return [id, Buffer.from(value)];
  }
  if (file === undefined) throw wrong("it has neither src nor env");
  try {
    return [id, await readFile(resolve(workingFolder, file))];
  } catch (cause) {
    throw wrong(messageOf(cause), cause);
  }
}

function textPart<K extends string>(flags: Flags, name: K): { readonly [key in K]?: string } {
  const value = textFlag(flags, name);
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: string });
}
