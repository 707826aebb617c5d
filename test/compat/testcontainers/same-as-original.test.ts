import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { run } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { nodeOfNpm } from "../../support/program-of-npm";
import { npmInstall } from "../packaging/installed-package";
import { deliberate } from "./deliberate-differences";

/** The version that the contract is of; it needs a newer Node than ours. */
const [version, nodeVersion] = ["12.1.0", "24.21.0"];
const ours = join(__dirname, "../../../build/index.js");
const tsc = join(__dirname, "../../../node_modules/.bin/tsc");
const engine = useNewEngineOfThisFile();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-facts-"));
  await cp(join(__dirname, "consumer/facts"), folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true }));
  await npmInstall(folder, [`testcontainers@${version}`, "tar-stream@3"]);
  await getRuntime();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Facts = Readonly<Record<string, unknown>>;

/** What a script sees of a package, both on our engine. */
async function factsOf(script: string, library: string, who: string): Promise<Facts> {
  const host = `unix://${join(engine.stateFolder, "engine.sock")}`;
  const env = {
    ...process.env,
    // As `runcible env` sets them for other clients.
    ...(library === ours ? {} : { DOCKER_HOST: host, TESTCONTAINERS_HOST_OVERRIDE: "localhost" }),
    LIB: library,
    WHO: who,
    IMAGE: await busyboxImage(),
    TMPDIR: folder,
    NODE_ENV: "production",
  };
  const { stdout } = await run(await nodeOfNpm(nodeVersion), [script], { cwd: folder, env, timeoutMs: 120_000 });
  return JSON.parse(stdout) as Facts;
}

/** Without what differs from container to container. */
function comparable(fact: unknown): unknown {
  const text = JSON.stringify(fact)
    .replace(/\b[0-9a-f]{64}\b/g, "ID")
    .replaceAll("theirs", "who")
    .replaceAll("ours", "who");
  return JSON.parse(text);
}

interface Failure {
  readonly error: string;
}

function isFailure(fact: unknown): fact is Failure {
  return typeof fact === "object" && fact !== null && "error" in fact;
}

/** Ours of theirs: errors say more, lists of names have more. */
function seenAs(theirs: unknown, own: unknown): unknown {
  if (isFailure(theirs) && isFailure(own)) {
    // What dockerode puts before a daemon's words.
    const words = theirs.error.replace(/^\(HTTP code \d+\) [\w ,/]+ - /, "").trim();
    return own.error.includes(words) ? theirs : own;
  }
  return own;
}

function differenceOf(name: string, theirs: unknown, own: unknown): object | undefined {
  if (name === "exports" || name.startsWith("methods of ")) {
    const missing = (theirs as string[]).filter((one) => !(own as string[]).includes(one));
    return missing.length === 0 ? undefined : { missing };
  }
  const seen = seenAs(theirs, own);
  return JSON.stringify(seen) === JSON.stringify(theirs) ? undefined : { theirs, ours: seen };
}

describe.each(["values", "starting", "copying", "running", "low-level"])("%s", (part) => {
  test(`a program sees what it sees with testcontainers ${version}, but for what is listed`, async () => {
    const script = join(folder, `${part}.cjs`);
    const [theirs, own] = await Promise.all([
      factsOf(script, join(folder, "node_modules/testcontainers"), "theirs"),
      factsOf(script, ours, "ours"),
    ]);

    const different = Object.entries(theirs).flatMap(([name, fact]) => {
      const difference = differenceOf(name, comparable(fact), comparable(own[name] ?? null));
      return difference === undefined ? [] : [[name, difference] as const];
    });
    expect(Object.fromEntries(different)).toEqual(deliberate[part] ?? {});
    expect(Object.keys(theirs).length).toBeGreaterThan(9);
  });
});

test("the types of both are usable for each other, protected members too", async () => {
  const types = join(folder, "types");
  await cp(join(__dirname, "consumer/types"), types, { recursive: true });
  await copyDeclarations(join(folder, "node_modules/testcontainers/build"), join(types, "theirs"));
  await copyDeclarations(dirname(ours), join(types, "ours"));
  const flags = "--strict --noEmit --skipLibCheck --module nodenext --target es2023 --lib es2023,esnext.disposable";

  await run(tsc, [...flags.split(" "), "--ignoreConfig", "assignable.ts"], { cwd: types, timeoutMs: 120_000 });
});

/** With protected members as public ones, and without private ones, by which no two classes are alike. */
async function copyDeclarations(from: string, to: string): Promise<void> {
  for (const path of await readdir(from, { recursive: true })) {
    if (!path.endsWith(".d.ts")) continue;
    const text = await readFile(join(from, path), "utf8");
    await mkdir(dirname(join(to, path)), { recursive: true });
    const shown = text
      .replace(/^\s*(private .*|#private);\n/gm, "")
      .replace(/^(\s*)protected /gm, "$1")
      // Of a text that the daemon gives.
      .replace("serverVersion: number", "serverVersion: string");
    await writeFile(join(to, path), shown);
  }
}
