import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npmInstall, packPackage, runNode } from "../packaging/installed-package";
import { clients, type Generation } from "./published";

/** A user's folder with published modules, and this package in the place of what they were written for. */
export interface InstalledModules extends AsyncDisposable {
  readonly folder: string;
  /** Runs a script of `consumer`, which prints JSON. Rejects when it fails or does not end by itself. */
  report(script: string, env?: Readonly<Record<string, string>>): Promise<unknown>;
}

export async function installModules({ modules }: Generation): Promise<InstalledModules> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-modules-"));
  await cp(join(__dirname, "consumer"), folder, { recursive: true });
  const { archive } = await packPackage(folder);
  const published = Object.entries(modules).map(([name, version]) => [`@testcontainers/${name}`, version]);
  const manifest = {
    name: "user",
    private: true,
    dependencies: { ...Object.fromEntries(published), ...clients },
    overrides: { testcontainers: `file:${archive}` },
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await npmInstall(folder);
  return {
    folder,
    report: async (script, env) => JSON.parse((await runNode(folder, [script], env)).stdout) as unknown,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
