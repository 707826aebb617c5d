import { hasCode, RuncibleError } from "../../internal/errors";
import type { Descriptor } from "../image/descriptor";
import type { HttpResponse } from "./http";
import { downloadPace, type Pace } from "./pace";
import { backoffMs, pause, reasonOf, retriesFor } from "./patience";
import type { RegistrySettings } from "./settings";

export interface BlobDownload {
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
  /** Bytes the caller has already. */
  readonly offset: number;
  readonly settings: RegistrySettings;
  readonly signal: AbortSignal;
  /** Asks for the blob; a refusal is thrown. */
  readonly request: (headers: Readonly<Record<string, string>>) => Promise<HttpResponse>;
}

/**
 * The bytes of a blob from `offset` to its end. A connection that breaks is taken up where it broke. Throws
 * `size-mismatch` when the registry has more or less than was announced, `registry-unreachable`, `registry-slow` when
 * it is so again on other connections, `aborted`.
 */
export async function* downloadBlob(download: BlobDownload): AsyncGenerator<Buffer, void, void> {
  const { descriptor, settings, signal } = download;
  const pace = downloadPace(settings);
  let received = download.offset;
  let mayBeSlow = true;
  for (let tries = 0; received < descriptor.size; tries++) {
    const before = received;
    let failure: unknown;
    try {
      for await (const chunk of bytesFrom(download, received, pace)) {
        received += chunk.length;
        if (received > descriptor.size) throw wrongSize(descriptor, "more than");
        yield chunk;
      }
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) throw cancelled(descriptor, failure);
    // Another connection may lead to a quicker server. Once, as progress is no sign of it.
    if (hasCode(failure, "registry-slow") && mayBeSlow) {
      mayBeSlow = false;
      continue;
    }
    if (failure instanceof RuncibleError) throw failure;
    // Progress earns new patience: only tries that bring nothing count. That it is more than a token, the pace sees to.
    if (received > before) tries = 0;
    if (received === descriptor.size) return;
    if (tries >= (failure === undefined ? settings.retries : retriesFor(failure, settings))) {
      throw failure === undefined ? wrongSize(descriptor, "less than") : broken(descriptor, failure, settings);
    }
    const delayMs = backoffMs(settings, tries);
    await pause(delayMs, signal);
    pace.wait(delayMs);
  }
}

async function* bytesFrom(download: BlobDownload, offset: number, pace: Pace): AsyncGenerator<Buffer, void, void> {
  const { descriptor, request, settings } = download;
  const askedAt = performance.now();
  const response = await request(offset > 0 ? { range: `bytes=${offset}-` } : {});
  // Longer it takes only when the registry says "not now", and then it is to be waited for.
  pace.wait(Math.min(performance.now() - askedAt, settings.idleTimeoutMs));
  // The registry may ignore the range and send everything: then what is known is passed over.
  let skip = skipOf(response, offset, descriptor);
  const announced = Number(response.headers["content-length"] ?? Number.NaN);
  if (announced > descriptor.size - offset + skip) {
    response.body.destroy();
    throw wrongSize(descriptor, "more than");
  }
  for await (const chunk of response.body.large(pace)) {
    const fresh = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - fresh.length;
    if (fresh.length > 0) yield fresh;
  }
}

function skipOf({ statusCode, headers, body }: HttpResponse, offset: number, descriptor: Blob): number {
  if (statusCode === 200) return offset;
  if (statusCode === 206 && String(headers["content-range"]).startsWith(`bytes ${offset}-`)) return 0;
  body.destroy();
  if (statusCode === 416) throw wrongSize(descriptor, "less than");
  throw new RuncibleError(
    "registry-error",
    `pull blob ${descriptor.digest}: the registry sends another range than asked`,
  );
}

type Blob = BlobDownload["descriptor"];

function wrongSize({ digest, size }: Blob, relation: "more than" | "less than"): RuncibleError {
  return new RuncibleError(
    "size-mismatch",
    `pull blob ${digest}: the registry sends ${relation} the announced ${size} bytes`,
  );
}

function cancelled({ digest }: Blob, cause: unknown): RuncibleError {
  return new RuncibleError("aborted", `pull blob ${digest}: cancelled`, { cause });
}

function broken({ digest }: Blob, cause: unknown, settings: RegistrySettings): RuncibleError {
  return new RuncibleError(
    "registry-unreachable",
    `pull blob ${digest}: the registry breaks off: ${reasonOf(cause, settings)}; try again, what arrived is kept`,
    { cause },
  );
}
