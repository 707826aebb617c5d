import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { serviceImageAs } from "../../support/image/service-image";
import { npmInstall, type PackedPackage, packPackage, runNode } from "./installed-package";

const root = join(__dirname, "../../..");
const names = (await readdir(join(root, "modules"), { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const packed = new Map<string, PackedPackage>();
let base: string;
let user: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "runcible-modules-"));
  user = join(base, "user");
  await mkdir(user);
  await writeFile(join(user, "package.json"), JSON.stringify({ name: "user", private: true }));
  await run("npm", ["run", "--silent", "build", "--workspaces"], { cwd: root, timeoutMs: 120_000 });
  const main = await packPackage(base);
  for (const name of names) packed.set(name, await packPackage(base, join(root, "modules", name)));
  const archives = [main, ...packed.values()].map(({ archive }) => archive);
  await npmInstall(user, archives);
});
afterAll(() => rm(base, { recursive: true, force: true }));

/** `{ redis: ["RedisContainer", "StartedRedisContainer"], … }` */
async function exportsBy(load: string): Promise<Record<string, readonly string[]>> {
  const all: Record<string, readonly string[]> = {};
  for (const name of names) {
    const script = `(async () => console.log(JSON.stringify(Object.keys(await ${load}("@runcible/${name}")))))()`;
    all[name] = JSON.parse((await runNode(user, ["-e", script])).stdout) as readonly string[];
  }
  return all;
}

test.each(names)("the package of %s has what it needs to run and to be read, and nothing else", (name) => {
  const files = ["README.md", "package.json", "build/index.d.ts", "build/index.js"];
  const container = [`build/${name}-container.d.ts`, `build/${name}-container.js`];

  expect([...(packed.get(name)?.paths ?? [])].sort()).toEqual([...files, ...container].sort());
});

test("each is required, and imported by its names, beside one copy of runcible", async () => {
  const required = await exportsBy("require");
  const imported = await exportsBy("import");

  for (const name of names) {
    const [container = "", started] = [...(required[name] ?? [])].sort();
    expect(required[name]).toHaveLength(2);
    expect(started).toBe(`Started${container}`);
    expect(imported[name]).toEqual(expect.arrayContaining([container, started]));
  }
  expect(await readdir(join(user, "node_modules/@runcible"))).toEqual(names.toSorted());
  expect(await readdir(join(user, "node_modules/@runcible/redis"))).not.toContain("node_modules");
});

test("their types compile for users, whole and strictly", async () => {
  const imports = names.map((name, index) => `import * as module${index} from "@runcible/${name}";\n`).join("");
  await writeFile(
    join(user, "use.ts"),
    `${imports}export const all = [${names.map((_, index) => `module${index}`)}];\n`,
  );

  await runNode(user, [
    ...[join(root, "node_modules/typescript/bin/tsc"), "--noEmit", "--strict", "--skipLibCheck", "false"],
    ...["--types", "node", "--target", "es2022", "--module", "nodenext", "use.ts"],
  ]);
});

test("one starts its service from where it is installed", async () => {
  await serviceImageAs("redis", "redis", "8-alpine");
  const script = `
    const { RedisContainer } = require("@runcible/redis");
    (async () => {
      const container = await new RedisContainer().start();
      console.log(await container.executeCommand("PING"));
      await container.stop();
    })();`;

  expect((await runNode(user, ["-e", script])).stdout).toBe("PONG\n");
});
