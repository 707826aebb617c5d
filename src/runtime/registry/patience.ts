import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../internal/errors";
import type { RegistrySettings } from "./settings";

const retriedStatuses: readonly number[] = [408, 429, 500, 502, 503, 504];
const longestDelayMs = 30_000;

/** The connection broke; the next one may hold. */
const broken = /^(ECONNRESET|EPIPE|EAI_AGAIN|UND_ERR_(SOCKET|RES_CONTENT_LENGTH_MISMATCH))$/;
/**
 * Nobody is there, or nobody answers: a registry that restarts is back at once, any other not within a minute either.
 */
const absent =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_(CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT))$/;

/** Tries after the first that a failure deserves. A name that does not exist or a wrong certificate deserves none. */
export function retriesFor(error: unknown, { retries }: RegistrySettings): number {
  const code = codeOf(error);
  if (broken.test(code)) return retries;
  return absent.test(code) ? Math.min(retries, 1) : 0;
}

/** Whether a status says "not now". */
export function isTemporaryStatus(status: number): boolean {
  return retriedStatuses.includes(status);
}

/** `Retry-After`, seconds or a date (RFC 9110, section 10.2.3), in milliseconds; undefined when there is none. */
export function retryAfterMs(header: string | readonly string[] | undefined, now: number): number | undefined {
  if (typeof header !== "string") return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

/** Longer than this nobody waits for a test to start. */
export function isTooLong(milliseconds: number): boolean {
  return milliseconds > longestDelayMs;
}

/** Doubles with each attempt (the first is 0), with jitter: half to whole. */
export function backoffMs({ retryDelayMs }: RegistrySettings, attempt: number): number {
  return Math.min(retryDelayMs * 2 ** attempt, longestDelayMs) * (0.5 + Math.random() / 2);
}

/** Ends early when the signal fires; the caller's next step is to notice. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {});
}

/** Several addresses of one host fail as one AggregateError, which has the code but no text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** What a failed connection means, in words for people. */
export function reasonOf(error: unknown, { idleTimeoutMs }: Pick<RegistrySettings, "idleTimeoutMs">): string {
  const code = codeOf(error);
  const seconds = idleTimeoutMs / 1000;
  const known: Readonly<Record<string, string>> = {
    ENOTFOUND: "no such host",
    ECONNREFUSED: "connection refused",
    UND_ERR_HEADERS_TIMEOUT: `no answer for ${seconds} s`,
    UND_ERR_BODY_TIMEOUT: `it sent nothing more for ${seconds} s`,
  };
  return known[code] ?? (messageOf(error) || code);
}
