import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);
const root = join(__dirname, "../../..");
const limitMs = 300_000;

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** A user's folder in which the packed package is installed, and nothing else. */
export interface InstalledPackage extends AsyncDisposable {
  /** Of the user, with everything of `consumer` in it. */
  readonly folder: string;
  /** The same package, installed at another place. */
  readonly copy: string;
  /** Paths in the package. */
  readonly packed: readonly string[];
  /** Runs Node there; rejects when it fails or does not end by itself. */
  node(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Output>;
}

/** Packs what was built and installs it. */
export async function installPackage(): Promise<InstalledPackage> {
  const base = await mkdtemp(join(tmpdir(), "runcible-pack-"));
  const folder = join(base, "user");
  const copy = join(base, "copy");
  await mkdir(folder);
  await cp(join(__dirname, "consumer"), folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true }));
  const { archive, paths } = await packPackage(base);
  await npmInstall(folder, [archive]);
  await cp(join(folder, "node_modules"), join(copy, "node_modules"), { recursive: true });
  return {
    folder,
    copy,
    packed: paths,
    node: (args, env) => runNode(folder, args, env),
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  };
}

export interface PackedPackage {
  readonly archive: string;
  /** Paths in it. */
  readonly paths: readonly string[];
}

/**
 * Installs packages, and what the folder's package.json asks for. No scripts: they would compile parts of ssh2, which
 * works without, for a minute.
 */
export async function npmInstall(folder: string, args: readonly string[] = []): Promise<void> {
  const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...args];
  await execute("npm", install, { cwd: folder, timeout: limitMs });
}

/** A copy of the build that the other tests run is packed, as `prepack` leaves it, and not made anew under them. */
export async function packPackage(destination: string, folder: string = root): Promise<PackedPackage> {
  const cwd = folder === root ? await prunedCopy(destination) : folder;
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", destination];
  const { filename, files } = packedOf((await execute("npm", pack, { cwd, timeout: limitMs })).stdout);
  return { archive: join(destination, filename), paths: files.map(({ path }) => path) };
}

async function prunedCopy(destination: string): Promise<string> {
  const copy = await mkdtemp(join(destination, "pruned-"));
  for (const name of ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "docs", "build"]) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await execute(process.execPath, [join(root, ".ci/bundle.mjs"), "prune", join(copy, "build")]);
  return copy;
}

/** Runs Node in a user's folder; rejects when it fails or does not end by itself. */
export async function runNode(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Output> {
  return execute(process.execPath, args, { cwd: folder, env: { ...process.env, ...env }, timeout: limitMs });
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

function packedOf(text: string): Packed {
  const [packed] = Object.values(JSON.parse(text) as readonly Packed[]);
  if (packed === undefined) throw new TypeError("npm pack packed nothing");
  return packed;
}
