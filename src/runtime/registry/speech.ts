import { messageOf } from "../../internal/errors";
import { probingDispatcher } from "./dispatcher";
import { codeOf } from "./patience";
import type { RegistrySettings } from "./settings";
import { undici } from "./undici";

/** What a plain server's answer to TLS looks like from here. A wrong certificate or an alert is TLS all the same. */
const plainAnswer = /wrong version number|packet length too long|ERR_SSL_WRONG_VERSION|http request/i;
const brokenOff = /ECONNRESET|UND_ERR_SOCKET|other side closed/i;

/**
 * Whether a server speaks TLS: taking one that does for one that does not would send passwords in the open. Undefined:
 * nobody listens, or it was broken off, so nobody knows yet.
 */
export async function speechOf(
  host: string,
  settings: RegistrySettings,
  signal: AbortSignal,
): Promise<"http" | "https" | undefined> {
  const failure = await failureOf(`https://${host}/v2/`, settings, signal);
  if (failure === undefined) return "https";
  if (/ECONNREFUSED/.test(failure)) return undefined;
  if (plainAnswer.test(failure)) return "http";
  if (!brokenOff.test(failure)) return "https";
  // Some plain servers hang up on what they do not understand, and so does one that is just coming up.
  return (await failureOf(`http://${host}/v2/`, settings, signal)) === undefined ? "http" : undefined;
}

/** Undefined: it answered, whatever it was. */
async function failureOf(url: string, settings: RegistrySettings, signal: AbortSignal): Promise<string | undefined> {
  const dispatcher = await probingDispatcher(new URL(url), settings);
  try {
    const { body } = await undici().request(url, { signal, dispatcher });
    await body.dump();
    return undefined;
  } catch (error) {
    return `${messageOf(error)} ${codeOf(error)}`;
  } finally {
    await dispatcher.destroy();
  }
}
