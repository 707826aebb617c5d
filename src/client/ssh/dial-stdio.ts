import type { ClientChannel } from "ssh2";
import { RuncibleError } from "../../internal/errors";
import { shellQuote } from "../../internal/shell-quote";
import { describeEndpoint, type SshEndpoint } from "../endpoint";
import { ChannelSocket, type Hold } from "./channel-socket";

const stderrLimit = 2_048;

/** What connects its standard streams with the daemon; the client of Docker uses it as well. */
export function dialCommand({ path }: SshEndpoint): string {
  const host = path === undefined ? "" : `--host ${shellQuote(`unix://${path}`)} `;
  return `docker ${host}system dial-stdio`;
}

/** A command that ends without a word has not reached a daemon: then what it wrote to stderr is the error. */
export class DialStdioSocket extends ChannelSocket {
  readonly #endpoint: SshEndpoint;
  readonly #refusal: Error;
  #hasAnswered = false;
  #stderr = "";

  /** `refusal`: why the shorter way was not taken. */
  constructor(channel: ClientChannel, hold: Hold, endpoint: SshEndpoint, refusal: Error) {
    super(channel, hold);
    this.#endpoint = endpoint;
    this.#refusal = refusal;
    let exitCode: number | null = null;
    channel.once("data", () => {
      this.#hasAnswered = true;
    });
    channel.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(0, stderrLimit);
    });
    channel.once("exit", (code: number | null) => {
      exitCode = code;
    });
    channel.once("close", () => {
      if (!this.#hasAnswered) this.destroy(this.#failure(exitCode));
    });
  }

  /** Whether it failed is known only when it is closed. */
  protected override endReached(): void {
    if (this.#hasAnswered) super.endReached();
  }

  #failure(exitCode: number | null): RuncibleError {
    const words = this.#stderr.trim().replace(/\s+/g, " ");
    return new RuncibleError(
      "engine-unreachable",
      `connect to ${describeEndpoint(this.#endpoint)}: the SSH server does not lead to the socket (${this.#refusal.message}), ` +
        `and "${dialCommand(this.#endpoint)}" ended there with ${exitCode ?? "a signal"}${words === "" ? "" : `: ${words}`}; ` +
        "see that a daemon runs there, and that this user may use its socket",
      { cause: this.#refusal },
    );
  }
}
