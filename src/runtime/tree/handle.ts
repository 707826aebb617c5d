import { type BigIntStats, constants, type Dirent, type Stats } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { RuncibleError } from "../../internal/errors";

/**
 * open(2): names a file without opening it, so that nothing happens to devices and pipes. Node has no constant for it.
 */
const pathOnly = 0o10000000;
const folderOnly = pathOnly | constants.O_DIRECTORY;

/**
 * An open folder, file or link. What is done through it is done to this very one, whatever others put at its path
 * meanwhile. Node has no openat(2); `/proc/self/fd/<n>/<name>` is the same, as the kernel goes from the open folder.
 */
export class Handle {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** At a path that nobody hostile can change: its links are followed. */
  static async open(path: string): Promise<Handle> {
    return new Handle(await open(path, pathOnly));
  }

  static async openFolder(path: string): Promise<Handle> {
    return new Handle(await open(path, folderOnly));
  }

  /** Leads to what is open, also if that is a link. */
  get path(): string {
    return `/proc/self/fd/${this.#file.fd}`;
  }

  /** The same for the programs that this process starts. */
  get pathForPrograms(): string {
    return `/proc/${process.pid}/fd/${this.#file.fd}`;
  }

  /** Path of an entry. Only for calls that do not follow a link in the last place. */
  at(name: string): string {
    if (name === "" || name === "." || name === ".." || name.includes("/")) {
      throw new RuncibleError("internal", `open "${name}" in a folder: it is not the name of an entry`);
    }
    return `${this.path}/${name}`;
  }

  /** A link is opened itself. */
  async openEntry(name: string): Promise<Handle> {
    return new Handle(await open(this.at(name), pathOnly | constants.O_NOFOLLOW));
  }

  /** Fails with ENOTDIR for a link, wherever it leads. */
  async openChild(name: string): Promise<Handle> {
    return new Handle(await open(this.at(name), folderOnly | constants.O_NOFOLLOW));
  }

  async openParent(): Promise<Handle> {
    return new Handle(await open(`${this.path}/..`, folderOnly));
  }

  /** Only for what `stat` says is a regular file: opening anything else may hang, or do something to a device. */
  async openContent(): Promise<FileHandle> {
    return await open(this.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  }

  async names(): Promise<string[]> {
    return await readdir(this.path);
  }

  /** With their kinds, which may be others by now. */
  async entries(): Promise<Dirent[]> {
    return await readdir(this.path, { withFileTypes: true });
  }

  async stat(): Promise<Stats> {
    return await this.#file.stat();
  }

  /** With times to the nanosecond. */
  async exactStat(): Promise<BigIntStats> {
    return await this.#file.stat({ bigint: true });
  }

  /** Equal for two handles of the same file. */
  async identity(): Promise<string> {
    const { dev, ino } = await this.exactStat();
    return `${dev}:${ino}`;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
