import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { run } from "../../src/internal/exec";
import { waitUntil } from "./wait-until";

/** A program in a real terminal (tmux), typed to and looked at as a person would. */
export interface Terminal extends AsyncDisposable {
  /** Keys as tmux names them: `C-p`, `Enter`, or text. */
  press(...keys: readonly string[]): Promise<void>;
  /** Text, then Enter. */
  type(line: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** What is to be seen now, without blanks at line ends. */
  screen(): Promise<string>;
  /** Waits until the screen has it, and gives that screen; throws with the last one when it does not come. */
  see(text: string | RegExp): Promise<string>;
}

/** Starts a shell line in a terminal of 80 columns and 24 rows, with a tmux server of its own. */
export async function openTerminal(line: string, env: Readonly<Record<string, string>>): Promise<Terminal> {
  const server = `rc-${randomBytes(4).toString("hex")}`;
  const tmux = async (...args: readonly string[]): Promise<string> =>
    (await run("tmux", ["-L", server, "-f", "/dev/null", ...args], { env: { ...process.env, ...env, TERM: "xterm" } }))
      .stdout;
  // The shell stays, so that what was printed last can be read.
  await tmux("new-session", "-d", "-x", "80", "-y", "24", `sh -c '${line}; echo "[ended $?]"; sleep 1000'`);
  const screen = async (): Promise<string> =>
    (await tmux("capture-pane", "-p")).replace(/ +$/gm, "").replace(/\n+$/, "\n");
  return {
    press: async (...keys) => void (await tmux("send-keys", ...keys)),
    type: async (text) => {
      await tmux("send-keys", "-l", text);
      await tmux("send-keys", "Enter");
    },
    resize: async (columns, rows) => void (await tmux("resize-window", "-x", String(columns), "-y", String(rows))),
    screen,
    see: async (text) => {
      let shown = "";
      const isSeen = async (): Promise<boolean> => {
        shown = await screen();
        if (typeof text === "string" ? shown.includes(text) : text.test(shown)) return true;
        await delay(100);
        return false;
      };
      if (!(await waitUntil(isSeen, 60_000))) throw new TypeError(`the terminal does not show ${text}:\n${shown}`);
      return shown;
    },
    [Symbol.asyncDispose]: async () => void (await tmux("kill-server")),
  };
}
