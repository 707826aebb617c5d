import { hasCode, RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { hasShape } from "../../internal/json-shape";
import { KeyedMutex } from "../../internal/keyed-mutex";
import type { Logger } from "../../internal/log";
import { createUndoStack } from "../../internal/undo";
import { fillVolume } from "../../runtime/rootfs/copy-up";
import { openVolumeFolder, type VolumeFolder } from "../../runtime/rootfs/volume-folder";
import { noSuchVolume } from "../../wire/docker-errors";
import { booleanFilter, checkFilterKeys, type Filters, matchesLabels, patternFilter } from "../../wire/filters";
import { publishPrune } from "../events/publish-prune";
import type { EventSink } from "../routes/event-service";
import type { VolumeService, VolumeSpec, VolumeUsage, VolumeView } from "../routes/volume-service";
import type { RecordStore } from "../state/record-store";
import { timestampNow } from "../state/timestamp";
import { type VolumeMount, volumeMountOf } from "./volume-mount";

export interface VolumeRecord {
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly isAnonymous: boolean;
}

/** Of what is in a file. */
export function isVolumeRecord(value: unknown, name: string): value is VolumeRecord {
  const shape = { name: "string", createdAt: "string", labels: "object", options: "object" } as const;
  return hasShape(value, shape) && (value as VolumeRecord).name === name;
}

/** Which containers mount a volume: asked before a removal. */
export interface VolumeUsers {
  usersOf(volume: string): readonly string[];
}

/** Keeps volumes from removal for a container that is being created, until it counts as their user or has failed. */
export interface VolumeHold {
  /** As `VolumeService.create`: the volume is held from the moment it can be seen. */
  create(spec: VolumeSpec): Promise<VolumeView>;
  /** Of a volume that another container has. */
  keep(name: string): void;
  /** Idempotent. */
  release(): void;
}

interface VolumeParts {
  readonly store: RecordStore<VolumeRecord>;
  /** Where the store keeps its records: a volume's files are beside them. */
  readonly root: string;
  readonly events: EventSink;
  readonly logger: Logger;
}

const anonymousLabel = "com.docker.volume.anonymous";
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Named and anonymous volumes: a record and a folder each. The driver is always `local`. */
export class Volumes implements VolumeService {
  readonly #parts: VolumeParts;
  readonly #folder: VolumeFolder;
  readonly #records: Map<string, VolumeRecord>;
  /** Serialise the making and the removal of one name. */
  readonly #locks = new KeyedMutex();
  /** By container that is being created. */
  readonly #holds = new Map<string, Set<string>>();
  #users: VolumeUsers = { usersOf: () => [] };

  private constructor(parts: VolumeParts, folder: VolumeFolder, records: ReadonlyMap<string, VolumeRecord>) {
    this.#parts = parts;
    this.#folder = folder;
    this.#records = new Map(records);
  }

  static async open(parts: VolumeParts): Promise<Volumes> {
    return new Volumes(parts, await openVolumeFolder(parts.root), await parts.store.load());
  }

  /** Containers come after volumes; until they do, nothing is in use. */
  setUsers(users: VolumeUsers): void {
    this.#users = users;
  }

  create(spec: VolumeSpec): Promise<VolumeView> {
    return this.#create(spec, () => {});
  }

  hold(containerId: string): VolumeHold {
    const names = new Set<string>();
    this.#holds.set(containerId, names);
    const keep = (name: string): void => void names.add(name);
    return {
      create: (spec) => this.#create(spec, keep),
      keep,
      release: () => void this.#holds.delete(containerId),
    };
  }

  /** Copies what a root has at the mount point into a volume that is still empty. */
  async fill(name: string, rootPath: string, target: string): Promise<void> {
    // What is mounted there is not the image's to fill.
    if (this.#mountOf(name) !== undefined) return;
    await fillVolume(rootPath, target, this.#folder.pathOf(name));
  }

  /** Makes sure that what a volume's options say is mounted: an engine that takes over has mounted nothing yet. */
  async ready(name: string): Promise<void> {
    const mount = this.#mountOf(name);
    if (mount !== undefined) await this.#locks.run(name, () => this.#folder.mount(name, mount));
  }

  has(name: string): boolean {
    return this.#records.has(name);
  }

  async list(filters: Filters): Promise<readonly VolumeView[]> {
    checkFilterKeys(filters, ["name", "label", "label!", "dangling", "driver"]);
    const hasWantedName = patternFilter(filters, "name");
    const drivers = filters.get("driver") ?? [];
    const dangling = booleanFilter(filters, "dangling");
    return [...this.#records.values()]
      .filter((record) => matchesLabels(record.labels, filters))
      .filter((record) => hasWantedName(record.name))
      .filter(() => drivers.length === 0 || drivers.includes("local"))
      .filter((record) => dangling === undefined || dangling === this.#isUnused(record.name))
      .map((record) => this.#view(record));
  }

  usage(): Promise<readonly VolumeUsage[]> {
    const views = [...this.#records.values()].map((record) => this.#view(record));
    return Promise.all(
      views.map(async (view) => ({
        ...view,
        // What is mounted is not this engine's disk.
        sizeBytes: this.#mountOf(view.name) === undefined ? await this.#folder.sizeOf(view.name) : -1,
        userCount: this.#usersOf(view.name).length,
      })),
    );
  }

  async inspect(name: string): Promise<VolumeView> {
    return this.#view(this.#find(name));
  }

  remove(name: string, options: { readonly force: boolean }): Promise<void> {
    return this.#locks.run(name, async () => {
      if (options.force && !this.#records.has(name)) return;
      this.#find(name);
      const users = this.#usersOf(name);
      if (users.length > 0) {
        throw new RuncibleError("volume-in-use", `remove ${name}: volume is in use - [${users.join(", ")}]`);
      }
      // The record goes last: a removal that failed can be tried again.
      await this.#folder.remove(name);
      await this.#parts.store.remove(name);
      this.#records.delete(name);
      this.#publish("destroy", name);
    });
  }

  async prune(filters: Filters): Promise<{ readonly names: readonly string[]; readonly reclaimedBytes: number }> {
    checkFilterKeys(filters, ["label", "label!", "all"]);
    const withNamed = booleanFilter(filters, "all") ?? false;
    const names: string[] = [];
    let reclaimedBytes = 0;
    for (const { name, labels, isAnonymous, options } of [...this.#records.values()]) {
      if (!(isAnonymous || withNamed) || !this.#isUnused(name) || !matchesLabels(labels, filters)) continue;
      // What somebody had mounted stays, as with Docker.
      if (Object.keys(options).length > 0) continue;
      try {
        const bytes = await this.#folder.sizeOf(name);
        await this.remove(name, { force: false });
        reclaimedBytes += bytes;
        names.push(name);
      } catch (error) {
        this.#explainKept(name, error);
      }
    }
    publishPrune(this.#parts.events, "volume", reclaimedBytes);
    return { names, reclaimedBytes };
  }

  /** Everything that carries the label, with this value or with any. */
  labelled(key: string, value?: string): readonly string[] {
    return [...this.#records.values()]
      .filter((record) => hasLabel(record.labels, key, value))
      .map((record) => record.name);
  }

  /** None of a volume that is gone. */
  labelsOf(name: string): Readonly<Record<string, string>> {
    return this.#records.get(name)?.labels ?? {};
  }

  /** Whether it is anonymous and no container has it any more. */
  isFree(name: string): boolean {
    return this.#records.get(name)?.isAnonymous === true && this.#isUnused(name);
  }

  /** `onFound` is called before anybody can remove the volume. */
  #create(spec: VolumeSpec, onFound: (name: string) => void): Promise<VolumeView> {
    const isAnonymous = spec.name === "";
    const name = isAnonymous ? randomId() : spec.name;
    return this.#locks.run(name, async () => {
      const existing = this.#records.get(name);
      if (existing === undefined && !namePattern.test(name)) throw badName(name);
      if (name.length > longestName) throw longName(name);
      if (existing === undefined) volumeMountOf(name, spec.options);
      const record = existing ?? (await this.#make({ ...spec, name }, isAnonymous));
      onFound(name);
      if (existing === undefined) this.#publish("create", name);
      return this.#view(record);
    });
  }

  async #make(spec: VolumeSpec, isAnonymous: boolean): Promise<VolumeRecord> {
    const { name, options } = spec;
    const { store, logger } = this.#parts;
    const labels = isAnonymous ? { ...spec.labels, [anonymousLabel]: "" } : spec.labels;
    const record = { name, createdAt: timestampNow(), labels, options, isAnonymous };
    const undo = createUndoStack();
    try {
      undo.push(() => store.remove(name));
      await this.#folder.create(name);
      await store.put(name, record);
    } catch (error) {
      await undo.unwind((failure) => logger.warn("undo volume create", { volume: name, error: failure }));
      throw error;
    }
    this.#records.set(name, record);
    return record;
  }

  #publish(action: string, name: string): void {
    this.#parts.events.publish({ type: "volume", action, id: name, attributes: { driver: "local" } });
  }

  /** Of a prune: others may have taken or removed the volume in the meantime. */
  #explainKept(name: string, error: unknown): void {
    if (hasCode(error, "volume-in-use") || hasCode(error, "volume-not-found") || !this.#records.has(name)) return;
    this.#parts.logger.warn("prune volumes", { volume: name, error });
  }

  #mountOf(name: string): VolumeMount | undefined {
    return volumeMountOf(name, this.#records.get(name)?.options ?? {});
  }

  #isUnused(name: string): boolean {
    return this.#usersOf(name).length === 0;
  }

  #usersOf(name: string): readonly string[] {
    const holders = [...this.#holds].filter(([, names]) => names.has(name)).map(([containerId]) => containerId);
    return [...new Set([...this.#users.usersOf(name), ...holders])];
  }

  #find(name: string): VolumeRecord {
    const record = this.#records.get(name);
    if (record === undefined) throw noSuchVolume(name);
    return record;
  }

  #view(record: VolumeRecord): VolumeView {
    return { ...record, mountpoint: this.#folder.pathOf(record.name) };
  }
}

/** A folder has it, and Linux allows 255 bytes. */
const longestName = 255;

function longName(name: string): RuncibleError {
  const start = `${name.slice(0, 20)}…`;
  return new RuncibleError("invalid-argument", `create ${start}: a volume name has at most ${longestName} characters`);
}

function badName(name: string): RuncibleError {
  if (name.length < 2) {
    const text = `create ${name}: volume name is too short, names should be at least two alphanumeric characters`;
    return new RuncibleError("invalid-argument", text);
  }
  return new RuncibleError(
    "invalid-argument",
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

function hasLabel(labels: Readonly<Record<string, string>>, key: string, value: string | undefined): boolean {
  return value === undefined ? labels[key] !== undefined : labels[key] === value;
}
