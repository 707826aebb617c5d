import { access, constants, readlink, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { runUnchecked } from "../../internal/exec";

/** A file of this machine and where it goes in an image. */
export interface HostFile {
  readonly source: string;
  /** Absolute. */
  readonly target: string;
}

const searchPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The programs and every library they are linked with. Throws `tool-missing`. */
export async function collectHostFiles(executables: readonly string[]): Promise<readonly HostFile[]> {
  const files = new Map<string, HostFile>();
  for (const name of executables) {
    const source = await findExecutable(name);
    const file = { source, target: targetOf(source) };
    files.set(file.target, file);
    const libraries = await librariesOf(source);
    for (const library of [...libraries, ...(await loadedByName(libraries))]) {
      // The folder's real path, the library's own name: the name is what the loader asks for.
      const target = join(await realpath(dirname(library)), basename(library));
      files.set(target, { source: library, target });
    }
  }
  return [...files.values()];
}

/** `/bin` → `usr/bin` and its like, where this machine has them as links. */
export async function mergedFolders(): Promise<readonly (readonly [name: string, target: string])[]> {
  const names = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
  const links = await Promise.all(
    names.map(async (name) => {
      const target = await readlink(`/${name}`).catch(() => undefined);
      return target === undefined || isAbsolute(target) ? [] : [[name, target] as const];
    }),
  );
  return links.flat();
}

async function findExecutable(name: string): Promise<string> {
  const candidates = isAbsolute(name) ? [name] : [...searchPath, dirname(process.execPath)].map((f) => join(f, name));
  for (const candidate of candidates) {
    if (await exists(candidate, constants.X_OK)) return candidate;
  }
  throw new RuncibleError("tool-missing", `build host image: this machine has no program "${name}"; install it first`);
}

function exists(path: string, mode: number = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/** Programs from elsewhere (a node of a version manager) go where PATH finds them. */
function targetOf(source: string): string {
  return searchPath.includes(dirname(source)) ? source : join("/usr/bin", basename(source));
}

async function librariesOf(executable: string): Promise<readonly string[]> {
  const { stdout } = await runUnchecked("ldd", [executable]);
  return stdout.split("\n").flatMap((line) => {
    // "libc.so.6 => /lib/…/libc.so.6 (0x…)", or the loader: "/lib64/ld-linux-x86-64.so.2 (0x…)".
    const path = /(?:=>\s*|^\s*)(\/\S+)\s+\(0x/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
}

/**
 * What the C library opens by itself to look up users and hosts, so that ldd does not know: part of it since glibc
 * 2.34.
 */
async function loadedByName(libraries: readonly string[]): Promise<readonly string[]> {
  const libc = libraries.find((library) => basename(library) === "libc.so.6");
  if (libc === undefined) return [];
  const candidates = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"].map((name) =>
    join(dirname(libc), name),
  );
  const found = await Promise.all(candidates.map((path) => exists(path)));
  return candidates.filter((_, index) => found[index]);
}
