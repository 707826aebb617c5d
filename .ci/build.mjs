// `npm run build`: compiles, then makes one file of each program, unless what is there was made of just these files.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleAll, programs } from "./bundle.mjs";

const root = join(import.meta.dirname, "..");
const stamp = join(root, "build/.made-of");

if ((await readFile(stamp, "utf8").catch(() => "")) !== (await state())) {
  await rm(stamp, { force: true });
  const { status } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", root], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
  await bundleAll();
  await writeFile(stamp, await state());
}

/** What goes in, by content, and when what came out was written: a compiler that ran by itself has changed that. */
async function state() {
  const entries = await readdir(join(root, "src"), { recursive: true, withFileTypes: true });
  const sources = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const others = ["tsconfig.json", "package-lock.json", ".ci/build.mjs", ".ci/bundle.mjs"];
  const hash = createHash("sha256");
  for (const path of [...sources.sort(), ...others.map((name) => join(root, name))]) {
    hash.update(`${path.slice(root.length)}\n`).update(await readFile(path));
  }
  const written = await Promise.all(programs.map((path) => stat(path).catch(() => undefined)));
  return `${hash.digest("hex")} ${written.map((stats) => stats?.mtimeMs ?? "missing").join(" ")}\n`;
}
