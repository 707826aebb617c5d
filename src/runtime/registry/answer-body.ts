import type { Dispatcher } from "undici";
import { RuncibleError } from "../../internal/errors";
import { createPace, type Pace } from "./pace";
import type { RegistrySettings } from "./settings";

/** The content of an answer. A registry that goes on sending, but next to nothing, is not waited for without end. */
export interface AnswerBody {
  /**
   * Of what may be large, and may take several answers: fails when it comes too slowly for their common pace. Throws
   * `registry-slow`, and what a broken connection gives.
   */
  large(pace: Pace): AsyncGenerator<Buffer, void, void>;
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
  { answerTimeoutMs, leastBytesPerSecond }: RegistrySettings,
): AnswerBody {
  // One that nobody reads to its end breaks when it is given up, and nobody listens then.
  body.on("error", () => {});
  return {
    large: (pace) => {
      const what = `it sends less than ${leastBytesPerSecond} bytes a second`;
      return watched(body, pace, (cause) => slow(host, what, cause));
    },
    small: () => {
      const what = `its answer was not complete after ${answerTimeoutMs / 1000} s`;
      const pace = createPace({ windowMs: answerTimeoutMs, leastBytes: Number.POSITIVE_INFINITY });
      return watched(body, pace, (cause) => slow(host, what, cause));
    },
    discard: () => body.dump({ limit: 128 * 1024, signal: AbortSignal.timeout(discardTimeoutMs) }).catch(() => {}),
    destroy: () => void body.destroy(),
  };
}

/** A connection that breaks or falls silent, by its own limit, has been waited for as well. */
async function* watched(
  body: AsyncIterable<Buffer>,
  pace: Pace,
  failure: (cause?: unknown) => RuncibleError,
): AsyncGenerator<Buffer, void, void> {
  let askedAt = performance.now();
  const isTooSlow = (bytes: number): boolean => pace.isTooSlow(performance.now() - askedAt, bytes);
  try {
    for await (const chunk of body) {
      if (isTooSlow(chunk.length)) throw failure();
      yield chunk;
      askedAt = performance.now();
    }
  } catch (error) {
    if (!(error instanceof RuncibleError) && isTooSlow(0)) throw failure(error);
    throw error;
  }
}

function slow(host: string, what: string, cause: unknown): RuncibleError {
  return new RuncibleError(
    "registry-slow",
    `ask registry ${host}: ${what}; try again later, or use a mirror (registries.conf, RUNCIBLE_REGISTRY_MIRRORS)`,
    cause === undefined ? {} : { cause },
  );
}
