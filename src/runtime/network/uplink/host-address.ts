import { run } from "../../../internal/exec";

/** Any address that is far away: the host is asked how it would get there, and sends nothing. */
const farAway = "1.1.1.1";

/** The host's address on its way out, IPv4; undefined when it has no way out. */
export async function hostAddress(): Promise<string | undefined> {
  try {
    const { stdout } = await run("ip", ["-4", "route", "get", farAway]);
    return /\bsrc (\d+\.\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
