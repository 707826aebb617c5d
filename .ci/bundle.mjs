// Makes one file of each program that tsc has compiled, in its place: loading two hundred small files takes Node longer
// than what they do. Packages stay outside.
//
//   bundle.mjs prune [FOLDER]  removes from a build what nothing loads any more, for the published package
import { appendFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

const [verb, folder = join(import.meta.dirname, "../build")] = process.argv.slice(2);

export const programs = [
  "index.js",
  "cli/main.js",
  "engine/main.js",
  "engine/reaper/reaper-main.js",
  "runtime/network/agent-main.js",
].map((name) => join(folder, name));

if (verb === "prune") await prune();

/** After tsc. */
export async function bundleAll() {
  // All of them first: what takes a compiled file's place is no part of another program.
  const bundles = await Promise.all(programs.map(bundle));
  const names = Object.keys(createRequire(import.meta.url)(join(folder, "index.js")));
  for (const [index, program] of programs.entries()) await writeFile(program, bundles[index]);
  await appendFile(join(folder, "index.js"), namesForImport(names));
}

async function bundle(program) {
  const { outputFiles } = await build({
    entryPoints: [program],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node20.18",
    packages: "external",
    logLevel: "warning",
    plugins: [ownFolders(dirname(program))],
  });
  return outputFiles[0].text;
}

/** Node looks for the names that `import` may ask for in a CommonJS file's text, and knows this form. */
function namesForImport(names) {
  return `// What can be imported by name:\n0 && (module.exports = { ${names.join(", ")} });\n`;
}

/** In one file, all parts have the same `__dirname`: each gets its own again. */
function ownFolders(programFolder) {
  return {
    name: "own-folders",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.js$/ }, async ({ path }) => {
        const contents = await readFile(path, "utf8");
        if (!/\b__dirname\b/.test(contents)) return { contents };
        const way = JSON.stringify(relative(programFolder, dirname(path)));
        const own = `const ownFolder = require("node:path").join(__dirname, ${way});`;
        return {
          contents: contents
            .replaceAll(/\b__dirname\b/g, "ownFolder")
            .replace(/^((#!.*\n)?("use strict";\n)?)/, `$1${own}\n`),
        };
      });
    },
  };
}

async function prune() {
  await rm(join(folder, ".made-of"), { force: true });
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && path.endsWith(".js") && !programs.includes(path)) await rm(path);
  }
}
