import { RuncibleError } from "../../internal/errors";
import { shellQuote } from "../../internal/shell-quote";
import type { Command } from "../command";
import { wordFlag } from "../flag-values";

const shells = ["sh", "fish"] as const;

export const envCommand: Command = {
  name: "env",
  summary: 'Point docker and every other client at this user\'s engine: eval "$(runcible env)"',
  usage: "[OPTIONS]",
  flags: [
    { name: "unset", type: "boolean", description: "Print what takes the variables back; no engine is started" },
    { name: "shell", type: "string", description: "sh, which fits bash and zsh too, or fish. Default: sh" },
  ],
  arguments: { min: 0, max: 0 },
  run: async ({ connect, out }, { flags }) => {
    const shell = wordFlag(flags, "shell", shells) ?? "sh";
    if (flags["unset"] === true) {
      for (const name of Object.keys(variables(""))) out(`${shell === "fish" ? "set -e" : "unset"} ${name}\n`);
      return 0;
    }
    const client = await connect({ own: true });
    const { endpoint } = client;
    if (endpoint.kind !== "unix") {
      throw new RuncibleError("internal", "print environment: this user's engine is not on a unix socket");
    }
    // Programs that know only the socket cannot start the engine anew.
    await client.system.stay();
    for (const [name, value] of Object.entries(variables(endpoint.path))) {
      out(shell === "fish" ? `set -gx ${name} ${shellQuote(value)}\n` : `export ${name}=${shellQuote(value)}\n`);
    }
    return 0;
  },
};

function variables(socketPath: string): Readonly<Record<string, string>> {
  return {
    DOCKER_HOST: `unix://${socketPath}`,
    // The engine speaks the classic build protocol.
    DOCKER_BUILDKIT: "0",
    // Where published ports are. On machines that look like a container, Testcontainers libraries would guess another
    // place.
    TESTCONTAINERS_HOST_OVERRIDE: "localhost",
  };
}
