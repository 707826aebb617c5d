import { mkdir } from "node:fs/promises";
import { posix, relative } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import { Handle } from "./handle";
import { openAt } from "./walk-to";

/** Something of the host that is seen in a tree, as a mount would show it. */
export interface TreeMount {
  /** On the host. */
  readonly source: string;
  /** The folder that holds `source` and that no link on the way may lead out of. Absent: links are trusted. */
  readonly root?: string;
  readonly isReadOnly: boolean;
}

interface Level {
  readonly name: string;
  /** Undefined: the level belongs to the file system of the one above. */
  readonly mount: TreeMount | undefined;
  /** Undefined while closed to save handles. */
  handle: Handle | undefined;
  /** Known once the handle was closed. */
  identity?: string;
}

/** A walk of any depth keeps no more handles than these open, the root and the parents of mounts apart. */
const openLevels = 16;

/**
 * A position in a tree that others may change at any moment: the open folders from the root down to the current one.
 * It moves by one name at a time and follows no link, so that it cannot leave the root.
 */
export class TreeWalk implements AsyncDisposable {
  /** Nothing may be written outside the mounts. */
  isRootReadOnly = false;
  readonly #root: Level & { readonly handle: Handle };
  /** By path from the root. */
  readonly #mounts: Map<string, TreeMount>;
  readonly #below: Level[] = [];
  #openBelow = 0;

  constructor(root: Handle, mounts: ReadonlyMap<string, TreeMount> = new Map()) {
    this.#root = { name: "", mount: undefined, handle: root };
    this.#mounts = new Map(mounts);
  }

  /** The current folder; valid until the next step. */
  get folder(): Handle {
    const { handle } = this.#current;
    if (handle === undefined) throw new RuncibleError("internal", `walk to ${this.path}: its handle is closed`);
    return handle;
  }

  /** From the root, with a leading slash. */
  get path(): string {
    return `/${this.#below.map(({ name }) => name).join("/")}`;
  }

  get isReadOnly(): boolean {
    const mount = this.#below.findLast((level) => level.mount !== undefined)?.mount;
    return mount?.isReadOnly ?? this.isRootReadOnly;
  }

  pathOf(name: string): string {
    return posix.join(this.path, name);
  }

  addMount(path: string, mount: TreeMount): void {
    this.#mounts.set(path, mount);
  }

  isMountPoint(name: string): boolean {
    return this.#mounts.size > 0 && this.#mounts.has(this.pathOf(name));
  }

  /** Another walk of the same tree, at its root. */
  async fork(): Promise<TreeWalk> {
    const walk = new TreeWalk(await Handle.openFolder(this.#root.handle.path), this.#mounts);
    walk.isRootReadOnly = this.isRootReadOnly;
    return walk;
  }

  /** Throws ENOENT, and ENOTDIR for a link. */
  async enter(name: string): Promise<void> {
    const mount = this.#mountAt(name);
    const handle = mount === undefined ? await this.folder.openChild(name) : await openSourceFolder(mount);
    await this.push(name, handle);
  }

  /** What is there, a link as itself. Throws ENOENT. */
  async openEntry(name: string): Promise<Handle> {
    const mount = this.#mountAt(name);
    return mount === undefined ? await this.folder.openEntry(name) : await openSource(mount);
  }

  /** Enters a folder that `openEntry` has opened; its handle is the walk's from now on. */
  async push(name: string, handle: Handle): Promise<void> {
    this.#below.push({ name, mount: this.#mountAt(name), handle });
    this.#openBelow += 1;
    if (this.#openBelow > openLevels) await this.#closeOne();
  }

  /** To the folder above; at the root nothing happens. Throws `path-not-found` if the tree was changed meanwhile. */
  async leave(): Promise<void> {
    const left = this.#below.pop();
    if (left?.handle === undefined) return;
    try {
      const current = this.#current;
      if (current.handle === undefined) {
        current.handle = await reopened(left.handle, current);
        this.#openBelow += 1;
      }
    } finally {
      await this.#close(left);
    }
  }

  async toRoot(): Promise<void> {
    while (this.#below.length > 0) await this.#close(this.#below.pop());
  }

  /** To a folder by the names on the way, none of which is followed if it is a link. Throws as `enter`. */
  async moveTo(names: readonly string[]): Promise<void> {
    const differs = names.findIndex((name, index) => this.#below[index]?.name !== name);
    const kept = differs < 0 ? names.length : differs;
    while (this.#below.length > kept) await this.leave();
    for (const name of names.slice(kept)) await this.enter(name);
  }

  /** Throws `permission-denied` where nothing may be written. */
  checkWritable(): void {
    if (!this.isReadOnly) return;
    const isInMount = this.#below.some(({ mount }) => mount !== undefined);
    const what = isInMount ? "mounted volume" : "container rootfs";
    throw new RuncibleError("permission-denied", `${what} is marked read-only`);
  }

  /** One that is there already is fine. */
  async makeFolder(name: string): Promise<void> {
    this.checkWritable();
    await mkdir(this.folder.at(name), { mode: 0o755 }).catch((error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.toRoot();
    await this.#root.handle.close();
  }

  get #current(): Level {
    return this.#below.at(-1) ?? this.#root;
  }

  #mountAt(name: string): TreeMount | undefined {
    return this.#mounts.size === 0 ? undefined : this.#mounts.get(this.pathOf(name));
  }

  /** The highest level that the one below it leads back to. */
  async #closeOne(): Promise<void> {
    const last = this.#below.length - 1;
    const index = this.#below.findIndex(
      ({ handle }, position) =>
        handle !== undefined && position < last && this.#below[position + 1]?.mount === undefined,
    );
    const level = this.#below[index];
    if (level?.handle === undefined) return;
    level.identity = await level.handle.identity();
    await this.#close(level);
  }

  async #close(level: Level | undefined): Promise<void> {
    const handle = level?.handle;
    if (level === undefined || handle === undefined) return;
    level.handle = undefined;
    this.#openBelow -= 1;
    await handle.close();
  }
}

/** What a mount shows. Throws `path-not-found`, in Docker's words, for what is not there in its root. */
export async function openSource({ source, root }: Pick<TreeMount, "source" | "root">): Promise<Handle> {
  if (root === undefined) return await Handle.open(source);
  await using walk = new TreeWalk(await Handle.openFolder(root));
  try {
    return await openAt(walk, relative(root, source));
  } catch (cause) {
    if (!hasCode(cause, "ENOENT") && !hasCode(cause, "ENOTDIR")) throw cause;
    const reason = hasCode(cause, "ENOENT") ? "no such file or directory" : "not a directory";
    throw new RuncibleError("path-not-found", `cannot access path "${source}": ${reason}`, { cause });
  }
}

async function openSourceFolder(mount: TreeMount): Promise<Handle> {
  const source = await openSource(mount);
  try {
    return await Handle.openFolder(source.path);
  } finally {
    await source.close();
  }
}

/** The folder above may be another one by now, and even lie outside the root. */
async function reopened(child: Handle, { name, identity }: Level): Promise<Handle> {
  const parent = await child.openParent();
  if ((await parent.identity()) === identity) return parent;
  await parent.close();
  throw new RuncibleError("path-not-found", `walk up to ${name}: the folder was moved meanwhile; try again`);
}
