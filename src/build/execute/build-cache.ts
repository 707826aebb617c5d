import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomId } from "../../internal/ids";
import type { Digest } from "../../runtime/image/digest";
import type { ImageLease } from "../../runtime/image/image-store";
import { type LayerSources, provideLayer } from "../../runtime/layer-folders";
import type { LayerRef } from "./snapshot";

/** What a step made, to be found again by what went into it. */
export interface StepRecord {
  /** RFC 3339: so that the same steps give the same image. */
  readonly created: string;
  readonly layer?: LayerRef;
  /** Bytes that the layer takes, unpacked and packed. */
  readonly sizeBytes: number;
}

/** A step as it is shown. */
export interface RememberedStep {
  readonly id: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly usedAt: string;
  readonly sizeBytes: number;
}

export interface StepRequest {
  readonly key: string;
  /** False: make it anew, and remember that. */
  readonly isCacheUsed: boolean;
  /** Of the build: what is found must not be collected while it lasts. */
  readonly lease: ImageLease;
  readonly signal: AbortSignal;
  make(): Promise<StepRecord>;
}

export interface PruneRequest {
  takesStep(step: { readonly id: string; readonly usedAtMs: number }): boolean;
  /** Default 0: everything that is chosen goes. */
  readonly keepBytes?: number;
}

export interface BuildCacheLimits {
  readonly steps: number;
  readonly bytes: number;
}

const defaultLimits: BuildCacheLimits = { steps: 5000, bytes: 10 * 1024 ** 3 };

/** The key of a step: everything that its result depends on. */
export function stepKey(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

interface Entry {
  readonly record: StepRecord;
  usedAtMs: number;
}

/**
 * Steps by key, on disk, one small file each; the layers themselves are in the stores, and kept there by a lease. The
 * steps used longest ago go when there are too many.
 */
export class BuildCache {
  readonly #folder: string;
  readonly #stores: LayerSources;
  readonly #limits: BuildCacheLimits;
  readonly #entries: Map<string, Entry>;
  readonly #underWay = new Map<string, Promise<unknown>>();
  #lease: ImageLease;

  private constructor(folder: string, stores: LayerSources, entries: Map<string, Entry>, limits: BuildCacheLimits) {
    this.#folder = folder;
    this.#stores = stores;
    this.#entries = entries;
    this.#limits = limits;
    this.#lease = stores.images.lease();
    for (const { record } of entries.values()) protectRecord(this.#lease, record);
  }

  /** To be opened before anything is collected from the stores. */
  static async open(folder: string, stores: LayerSources, limits: Partial<BuildCacheLimits> = {}): Promise<BuildCache> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new BuildCache(folder, stores, await readEntries(folder), { ...defaultLimits, ...limits });
  }

  /** The result of a step: known, or of another build that is at it now, or made. Rejects as `make`, or on abort. */
  async step(request: StepRequest): Promise<{ readonly record: StepRecord; readonly isCached: boolean }> {
    const { key, isCacheUsed, signal } = request;
    while (isCacheUsed) {
      signal.throwIfAborted();
      const record = await this.#find(key, request.lease);
      if (record !== undefined) return { record, isCached: true };
      const running = this.#underWay.get(key);
      if (running === undefined) break;
      // When that one fails, this build tries itself.
      await orAborted(running, signal);
    }
    const made = request.make().then(async (record) => {
      await this.#put(key, record);
      return record;
    });
    const settled = made.then(ignore, ignore);
    this.#underWay.set(key, settled);
    try {
      return { record: await made, isCached: false };
    } finally {
      if (this.#underWay.get(key) === settled) this.#underWay.delete(key);
    }
  }

  /** What is remembered, used longest ago first. */
  steps(): readonly RememberedStep[] {
    return this.#byAge().map(([id, { record, usedAtMs }]) => ({
      id,
      createdAt: record.created,
      usedAt: new Date(usedAtMs).toISOString(),
      sizeBytes: record.sizeBytes,
    }));
  }

  /**
   * Forgets what is chosen, used longest ago first, until no more than `keepBytes` is left; resolves to the keys that
   * are gone. The stores free the space at their next collection.
   */
  async prune({ takesStep, keepBytes = 0 }: PruneRequest): Promise<readonly string[]> {
    let bytes = 0;
    for (const { record } of this.#entries.values()) bytes += record.sizeBytes;
    const keys: string[] = [];
    for (const [id, { record, usedAtMs }] of this.#byAge()) {
      if (keepBytes > 0 && bytes <= keepBytes) break;
      if (!takesStep({ id, usedAtMs })) continue;
      keys.push(id);
      bytes -= record.sizeBytes;
    }
    await this.#drop(keys);
    return keys;
  }

  async #find(key: string, lease: ImageLease): Promise<StepRecord | undefined> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    protectRecord(lease, entry.record);
    const { layer } = entry.record;
    if (layer !== undefined && !(await provideLayer(this.#stores, layer.diffId, layer.descriptor.digest))) {
      await this.#drop([key]);
      return undefined;
    }
    entry.usedAtMs = Date.now();
    const now = new Date();
    await utimes(this.#pathOf(key), now, now).catch(ignore);
    return entry.record;
  }

  async #put(key: string, record: StepRecord): Promise<void> {
    protectRecord(this.#lease, record);
    this.#entries.set(key, { record, usedAtMs: Date.now() });
    const unfinished = join(this.#folder, `${randomId().slice(0, 16)}.new`);
    await writeFile(unfinished, JSON.stringify(record), { mode: 0o600 });
    await rename(unfinished, this.#pathOf(key));
    await this.#shrink();
  }

  async #shrink(): Promise<void> {
    const byAge = this.#byAge();
    let bytes = byAge.reduce((sum, [, { record }]) => sum + record.sizeBytes, 0);
    let steps = byAge.length;
    const doomed: string[] = [];
    for (const [key, { record }] of byAge) {
      if (steps <= this.#limits.steps && bytes <= this.#limits.bytes) break;
      doomed.push(key);
      steps -= 1;
      bytes -= record.sizeBytes;
    }
    await this.#drop(doomed);
  }

  /** Used longest ago first. */
  #byAge(): readonly (readonly [string, Entry])[] {
    return [...this.#entries].sort(([, left], [, right]) => left.usedAtMs - right.usedAtMs);
  }

  async #drop(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    for (const key of keys) this.#entries.delete(key);
    const lease = this.#stores.images.lease();
    for (const { record } of this.#entries.values()) protectRecord(lease, record);
    this.#lease.release();
    this.#lease = lease;
    await Promise.all(keys.map((key) => rm(this.#pathOf(key), { force: true })));
  }

  #pathOf(key: string): string {
    return join(this.#folder, `${key}.json`);
  }
}

function protectRecord(lease: ImageLease, { layer }: StepRecord): void {
  if (layer === undefined) return;
  lease.protect(layer.diffId);
  lease.protect(layer.descriptor.digest);
}

/** What is no whole record was being written when the machine stopped. */
async function readEntries(folder: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const record = name.endsWith(".json") ? await readRecord(path) : undefined;
    if (record === undefined) await rm(path, { recursive: true, force: true });
    else entries.set(name.slice(0, -".json".length), { record, usedAtMs: (await stat(path)).mtimeMs });
  }
  return entries;
}

async function readRecord(path: string): Promise<StepRecord | undefined> {
  try {
    const record: StepRecord = JSON.parse(await readFile(path, "utf8"));
    const digests: readonly (Digest | undefined)[] = [record.layer?.diffId, record.layer?.descriptor.digest];
    const isWhole = record.layer === undefined || digests.every((digest) => typeof digest === "string");
    return isWhole && typeof record.created === "string" ? record : undefined;
  } catch {
    return undefined;
  }
}

async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done);
    promise.then(done, done);
  });
  signal.throwIfAborted();
}

function ignore(): void {}
