import type { Dispatcher } from "undici";
import { RuncibleError } from "../../internal/errors";
import type { RegistrySettings } from "./settings";

/** The content of an answer. A registry that goes on sending, but next to nothing, is not waited for without end. */
export interface AnswerBody {
  /**
   * Of what may be large: fails when it comes more slowly than the settings allow. Throws `registry-slow`, and what a
   * broken connection gives.
   */
  large(): AsyncGenerator<Buffer, void, void>;
  /** Of what never is large: fails when it has not all come in time. Throws as `large`. */
  small(): AsyncGenerator<Buffer, void, void>;
  /** Nobody wants it. Its connection can be used again when little was to come. Never rejects. */
  discard(): Promise<void>;
  /** At once, with its connection. */
  destroy(): void;
}

/** All of a small answer; beyond `limitBytes` throws `tooLarge`. Throws as `AnswerBody.small`. */
export async function readSmall(body: AnswerBody, limitBytes: number, tooLarge: () => RuncibleError): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body.small()) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Longer a new connection takes at worst. */
const discardTimeoutMs = 5_000;

export function answerBody(
  body: Dispatcher.ResponseData["body"],
  host: string,
  { answerTimeoutMs, slowAfterMs, leastBytesPerSecond }: RegistrySettings,
): AnswerBody {
  // One that nobody reads to its end breaks when it is given up, and nobody listens then.
  body.on("error", () => {});
  return {
    large: () => {
      const leastBytes = (leastBytesPerSecond * slowAfterMs) / 1000;
      const what = `it sends less than ${leastBytesPerSecond} bytes a second`;
      return watched(body, { windowMs: slowAfterMs, leastBytes, failure: () => slow(host, what) });
    },
    small: () => {
      const what = `its answer was not complete after ${answerTimeoutMs / 1000} s`;
      return watched(body, {
        windowMs: answerTimeoutMs,
        leastBytes: Number.POSITIVE_INFINITY,
        failure: () => slow(host, what),
      });
    },
    discard: () => body.dump({ limit: 128 * 1024, signal: AbortSignal.timeout(discardTimeoutMs) }).catch(() => {}),
    destroy: () => void body.destroy(),
  };
}

interface Watch {
  readonly windowMs: number;
  /** That a window brings. */
  readonly leastBytes: number;
  readonly failure: () => RuncibleError;
}

/**
 * Only the time counts in which we wait for the registry: what reads may be slow itself, as a disk is. Silence ends
 * otherwise, by the connection's own limit.
 */
async function* watched(body: AsyncIterable<Buffer>, watch: Watch): AsyncGenerator<Buffer, void, void> {
  let waitedMs = 0;
  let bytes = 0;
  let askedAt = performance.now();
  for await (const chunk of body) {
    waitedMs += performance.now() - askedAt;
    bytes += chunk.length;
    if (waitedMs >= watch.windowMs) {
      if (bytes < watch.leastBytes) throw watch.failure();
      waitedMs = 0;
      bytes = 0;
    }
    yield chunk;
    askedAt = performance.now();
  }
}

function slow(host: string, what: string): RuncibleError {
  return new RuncibleError(
    "registry-slow",
    `ask registry ${host}: ${what}; try again later, or use a mirror (registries.conf, RUNCIBLE_REGISTRY_MIRRORS)`,
  );
}
