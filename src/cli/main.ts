#!/usr/bin/env node
import { constants } from "node:os";
import type { EngineClient } from "../client/client";
import { connect, connectOwnEngine } from "../client/connect";
import { hasCode } from "../internal/errors";
import type { Command, CommandContext, CommandGroup } from "./command";
import { buildCommand } from "./commands/build";
import { composeGroup } from "./commands/compose";
import { doctorCommand } from "./commands/doctor";
import { engineCommand } from "./commands/engine";
import { envCommand } from "./commands/env";
import { historyCommand } from "./commands/history";
import { imagesCommand } from "./commands/images";
import { infoCommand } from "./commands/info";
import { loadCommand } from "./commands/load";
import { pruneCommand } from "./commands/prune";
import { psCommand } from "./commands/ps";
import { pullCommand } from "./commands/pull";
import { pushCommand } from "./commands/push";
import { resetCommand } from "./commands/reset";
import { rmiCommand } from "./commands/rmi";
import { saveCommand } from "./commands/save";
import { stopEngineCommand } from "./commands/stop-engine";
import { tagCommand } from "./commands/tag";
import { versionCommand } from "./commands/version";
import { dispatch } from "./dispatch";

const commands: readonly (Command | CommandGroup)[] = [
  doctorCommand,
  infoCommand,
  envCommand,
  psCommand,
  imagesCommand,
  pullCommand,
  buildCommand,
  composeGroup,
  pushCommand,
  saveCommand,
  loadCommand,
  tagCommand,
  rmiCommand,
  historyCommand,
  pruneCommand,
  engineCommand,
  stopEngineCommand,
  resetCommand,
  versionCommand,
];

async function main(): Promise<number> {
  let client: EngineClient | undefined;
  const context: CommandContext = {
    env: process.env,
    workingFolder: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    stdin: process.stdin,
    stdout: process.stdout,
    connect: async ({ own } = { own: false }) => {
      client ??= (await (own ? connectOwnEngine(process.env) : connect(process.env))).client;
      return client;
    },
  };
  try {
    return await dispatch(commands, context, process.argv.slice(2));
  } finally {
    client?.close();
  }
}

// Whoever read has seen enough (`| head`): other programs are ended by SIGPIPE then, which Node does not let happen.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    if (!hasCode(error, "EPIPE")) throw error;
    process.exit(128 + constants.signals.SIGPIPE);
  });
}

void main().then((exitCode) => {
  process.exitCode = exitCode;
});
