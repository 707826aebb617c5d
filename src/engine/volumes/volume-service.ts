import { RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { fillVolume } from "../../runtime/rootfs/copy-up";
import { openVolumeFolder, type VolumeFolder } from "../../runtime/rootfs/volume-folder";
import { noSuchVolume } from "../../wire/docker-errors";
import { checkFilterKeys, type Filters, matchesLabels } from "../../wire/filters";
import { decodeBoolean } from "../../wire/query-values";
import type { EventSink } from "../routes/event-service";
import type { VolumeService, VolumeSpec, VolumeView } from "../routes/volume-service";
import type { RecordStore } from "../state/record-store";
import { timestampNow } from "../state/timestamp";

export interface VolumeRecord {
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly isAnonymous: boolean;
}

/** Which containers mount a volume: asked before a removal. */
export interface VolumeUsers {
  usersOf(volume: string): readonly string[];
}

const anonymousLabel = "com.docker.volume.anonymous";
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Named and anonymous volumes: a record and a folder each. The driver is always `local`. */
export class Volumes implements VolumeService {
  readonly #store: RecordStore<VolumeRecord>;
  readonly #folder: VolumeFolder;
  readonly #events: EventSink;
  readonly #records: Map<string, VolumeRecord>;
  #users: VolumeUsers = { usersOf: () => [] };

  private constructor(
    store: RecordStore<VolumeRecord>,
    folder: VolumeFolder,
    events: EventSink,
    records: ReadonlyMap<string, VolumeRecord>,
  ) {
    this.#store = store;
    this.#folder = folder;
    this.#events = events;
    this.#records = new Map(records);
  }

  static async open(store: RecordStore<VolumeRecord>, root: string, events: EventSink): Promise<Volumes> {
    return new Volumes(store, await openVolumeFolder(root), events, await store.load());
  }

  /** Containers come after volumes; until they do, nothing is in use. */
  setUsers(users: VolumeUsers): void {
    this.#users = users;
  }

  async create(spec: VolumeSpec): Promise<VolumeView> {
    const existing = this.#records.get(spec.name);
    if (existing !== undefined) return this.#view(existing);
    if (spec.name !== "" && !namePattern.test(spec.name)) throw badName(spec.name);
    const isAnonymous = spec.name === "";
    const name = isAnonymous ? randomId() : spec.name;
    const labels = isAnonymous ? { ...spec.labels, [anonymousLabel]: "" } : spec.labels;
    const record = { name, createdAt: timestampNow(), labels, options: spec.options, isAnonymous };
    this.#records.set(name, record);
    await this.#folder.create(name);
    await this.#store.put(name, record);
    this.#events.publish({ type: "volume", action: "create", id: name, attributes: { driver: "local" } });
    return this.#view(record);
  }

  /** Copies what a root has at the mount point into a volume that is still empty. */
  async fill(name: string, rootPath: string, target: string): Promise<void> {
    await fillVolume(rootPath, target, this.#folder.pathOf(name));
  }

  has(name: string): boolean {
    return this.#records.has(name);
  }

  async list(filters: Filters): Promise<readonly VolumeView[]> {
    checkFilterKeys(filters, ["name", "label", "label!", "dangling", "driver"]);
    const names = filters.get("name") ?? [];
    const drivers = filters.get("driver") ?? [];
    const [dangling] = filters.get("dangling") ?? [];
    return [...this.#records.values()]
      .filter((record) => matchesLabels(record.labels, filters))
      .filter((record) => names.length === 0 || names.some((name) => record.name.includes(name)))
      .filter(() => drivers.length === 0 || drivers.includes("local"))
      .filter((record) => dangling === undefined || decodeBoolean(dangling) === this.#isUnused(record.name))
      .map((record) => this.#view(record));
  }

  async inspect(name: string): Promise<VolumeView> {
    return this.#view(this.#find(name));
  }

  async remove(name: string, options: { readonly force: boolean }): Promise<void> {
    if (options.force && !this.#records.has(name)) return;
    this.#find(name);
    const users = this.#users.usersOf(name);
    if (users.length > 0) {
      throw new RuncibleError("volume-in-use", `remove ${name}: volume is in use - [${users.join(", ")}]`);
    }
    this.#records.delete(name);
    await this.#folder.remove(name);
    await this.#store.remove(name);
    this.#events.publish({ type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
  }

  async prune(filters: Filters): Promise<{ readonly names: readonly string[]; readonly reclaimedBytes: number }> {
    checkFilterKeys(filters, ["label", "label!", "all"]);
    const withNamed = decodeBoolean(filters.get("all")?.[0] ?? null);
    const names: string[] = [];
    let reclaimedBytes = 0;
    for (const { name, labels, isAnonymous } of [...this.#records.values()]) {
      if (!(isAnonymous || withNamed) || !this.#isUnused(name) || !matchesLabels(labels, filters)) continue;
      reclaimedBytes += await this.#folder.sizeOf(name);
      await this.remove(name, { force: true });
      names.push(name);
    }
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

  mountpointOf(name: string): string {
    return this.#folder.pathOf(name);
  }

  #isUnused(name: string): boolean {
    return this.#users.usersOf(name).length === 0;
  }

  #find(name: string): VolumeRecord {
    const record = this.#records.get(name);
    if (record === undefined) throw noSuchVolume(name);
    return record;
  }

  #view(record: VolumeRecord): VolumeView {
    return { ...record, mountpoint: this.mountpointOf(record.name) };
  }
}

function badName(name: string): RuncibleError {
  return new RuncibleError(
    "invalid-argument",
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

function hasLabel(labels: Readonly<Record<string, string>>, key: string, value: string | undefined): boolean {
  return value === undefined ? labels[key] !== undefined : labels[key] === value;
}
