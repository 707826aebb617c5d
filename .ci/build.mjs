// `npm run build`: compiles, then makes one file of each program, unless what is there was made of just these files.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleAll, programs } from "./bundle.mjs";

const root = join(import.meta.dirname, "..");
const stamp = join(root, "build/.made-of");

// Of what is read now: what somebody changes meanwhile is built the next time.
const sources = await sourcesKey();
if ((await readFile(stamp, "utf8").catch(() => "")) !== `${sources} ${await outputKey()}`) {
  await rm(stamp, { force: true });
  const { status } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", root], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
  await bundleAll();
  await writeFile(stamp, `${sources} ${await outputKey()}`);
}

async function sourcesKey() {
  const names = ["tsconfig.json", "package.json", "package-lock.json", ".ci/build.mjs", ".ci/bundle.mjs"];
  const paths = [...(await filesIn(join(root, "src"))).sort(), ...names.map((name) => join(root, name))];
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path.slice(root.length)}\n`).update(await readFile(path));
  return hash.digest("hex");
}

/** How many files came out, and when the programs were written: a compiler that ran by itself has changed that. */
async function outputKey() {
  const files = (await filesIn(join(root, "build"))).filter((path) => path !== stamp);
  const written = await Promise.all(programs.map((path) => stat(path).catch(() => undefined)));
  return [files.length, ...written.map((stats) => stats?.mtimeMs ?? "missing")].join(" ");
}

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
