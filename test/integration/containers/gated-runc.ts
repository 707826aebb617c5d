import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../src/internal/exec";
import { waitUntil } from "../../support/wait-until";

/** A folder for PATH whose runc, before it runs a container, waits until it is let through. */
export interface GatedRunc extends AsyncDisposable {
  readonly path: string;
  /** Resolves when a start has come as far as runc. */
  reached(): Promise<void>;
  letThrough(): Promise<void>;
}

export async function gateRunc(): Promise<GatedRunc> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-gate-"));
  const runc = (await run("sh", ["-c", "command -v runc"])).stdout.trim();
  const [gate, arrived, bin] = ["gate", "arrived", "bin"].map((name) => join(folder, name)) as [string, string, string];
  await mkdir(bin);
  await run("mkfifo", [gate]);
  const script = `#!/bin/sh
case " $* " in *" run "*) : > ${arrived}; read -r _ < ${gate} ;; esac
exec ${runc} "$@"
`;
  await writeFile(join(bin, "runc"), script);
  await chmod(join(bin, "runc"), 0o755);
  return {
    path: `${bin}:${process.env["PATH"]}`,
    reached: async () => {
      const isThere = async (): Promise<boolean> => (await stat(arrived).catch(() => undefined)) !== undefined;
      if (!(await waitUntil(isThere, 30_000))) throw new TypeError("no start came as far as runc");
    },
    letThrough: () => writeFile(gate, "\n"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
