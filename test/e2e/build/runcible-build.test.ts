import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { withContext } from "../../support/build/dockerfile-case";
import { treeOf } from "../../support/build/tree";
import { noFolder } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { pushTestImage, saveTestImage } from "../../support/images";
import { startRegistry } from "../../support/registry/start-registry";
import { openTerminal } from "../../support/terminal";

// Most need no base image: what is looked at is how the command line reaches the builder.

let engine: TestEngine;
let elsewhere: string;

beforeAll(async () => {
  engine = await useTestEngine();
  await getRuntime();
  elsewhere = await mkdtemp(join(tmpdir(), "runcible-elsewhere-"));
});
afterAll(async () => {
  await rm(elsewhere, { recursive: true });
  await engine[Symbol.asyncDispose]();
});

function runcible(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ""): Promise<RunResult> {
  const program = join(__dirname, "../../../build/cli/main.js");
  return runUnchecked(process.execPath, [program, ...args], { env: { ...engine.env, ...env }, input });
}

function docker(args: readonly string[], input = ""): Promise<RunResult> {
  const env = { PATH: process.env["PATH"], HOME: noFolder, DOCKER_BUILDKIT: "0", ...engine.env };
  const DOCKER_HOST = `unix://${join(engine.stateFolder, "engine.sock")}`;
  return runUnchecked("docker", args, { env: { ...env, DOCKER_HOST }, input });
}

test("runcible build passes tags, arguments, labels, target and file, and shows the steps", async () => {
  const files = {
    a: "1",
    "b.skip": "2",
    "other.Dockerfile": "FROM scratch AS one\nARG A\nARG B\nCOPY . /\nENV AB=$A$B\nFROM nosuch\n",
  };
  await withContext({ dockerfile: "", files: { ...files, ".dockerignore": "*.skip" } }, async (folder) => {
    const flags = ["-t", "built:1", "-t", "built:2", "--build-arg", "A=x", "--build-arg", "B", "--label", "l=v"];
    const file = ["-f", join(folder, "other.Dockerfile"), "--target", "one"];

    const result = await runcible(["build", ...flags, ...file, folder], { B: "y" });

    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout).toMatch(/^Step 1\/6 : FROM scratch AS one\n.*Successfully tagged built:2\n$/s);
    const { Config } = await engine.client.images.inspect("built:2");
    expect(Config).toMatchObject({ Env: [expect.stringMatching(/^PATH=/), "AB=xy"], Labels: { l: "v" } });
  });
});

test("runcible build has a base image of a private registry with what docker login stored", async () => {
  await using registry = await startRegistry({ auth: "basic" });
  const base = await pushTestImage(registry, "busybox");
  const { username, password } = registry.credentials;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  const config = JSON.stringify({ auths: { [registry.host]: { auth } } });
  const dockerfile = `ARG BASE=nosuch\nFROM $BASE\nCOPY --from=${base} /bin /copied\n`;

  await withContext({ dockerfile, files: { "home/config.json": config } }, async (folder) => {
    const args = ["build", "-q", "--build-arg", `BASE=${base}`, folder];
    const refused = await runcible(args, { DOCKER_CONFIG: elsewhere });
    const built = await runcible(args, { DOCKER_CONFIG: join(folder, "home") });

    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/unauthorized|log in|docker login/);
    expect(built, built.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^sha256:/) });
  });
});

test("runcible build -q prints the image's id alone", async () => {
  await withContext({ dockerfile: "FROM scratch\nENV A=1\n" }, async (folder) => {
    expect((await runcible(["build", "-q", folder])).stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  });
});

test.each([
  [
    "a mistake in the Dockerfile",
    "FROM scratch\nNOSUCH\n",
    [],
    "dockerfile parse error on line 2: unknown instruction: NOSUCH",
  ],
  ["a secret that is not there", "FROM scratch\nENV A=1\n", ["--secret", "id=s,src=/nosuch"], "read secret s: ENOENT"],
])("runcible build with %s ends with 2 and says why", async (_, dockerfile, flags, message) => {
  await withContext({ dockerfile }, async (folder) => {
    const result = await runcible(["build", ...flags, folder]);

    expect(result).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining(message) });
  });
});

// An odd number of bytes: docker's archives of such contexts end right after the last of them.
const outside = "FROM scratch\nCOPY . /all/\nENV A=outside\n";

test.each([
  ["docker", "by its path", docker],
  ["docker", "from standard input", docker],
  ["runcible", "by its path", (args: readonly string[], input?: string) => runcible(args, {}, input)],
  ["runcible", "from standard input", (args: readonly string[], input?: string) => runcible(args, {}, input)],
])("%s build takes a Dockerfile that is not in the context, %s", async (program, way, command) => {
  await writeFile(join(elsewhere, "x"), outside);
  await withContext(
    { dockerfile: "FROM nosuch\n", files: { a: "1", b: "2", ".dockerignore": "b\n" } },
    async (folder) => {
      const isFile = way === "by its path";
      const file = isFile ? join(elsewhere, "x") : "-";

      const input = isFile ? "" : outside;

      const result = await command(["build", "-t", `outside-${program}`, "-f", file, folder], input);

      expect(result, result.stderr).toMatchObject({ exitCode: 0 });
      const { Id, Config } = await engine.client.images.inspect(`outside-${program}`);
      expect(Config).toMatchObject({ Env: expect.arrayContaining(["A=outside"]) });
      expect(await filesOf(Id)).toEqual(["all/.dockerignore", "all/Dockerfile", "all/a"]);
    },
  );
});

test.each([
  ["a path", "bad", ""],
  ["standard input", "-", "FROM scratch\nRUNN x\n"],
])("a mistake in a Dockerfile given by %s is told with that name", async (_, name, input) => {
  await writeFile(join(elsewhere, "bad"), "FROM scratch\nRUNN x\n");
  await withContext({ dockerfile: "" }, async (folder) => {
    const file = name === "-" ? name : join(elsewhere, name);

    const { stderr } = await runcible(["build", "-f", file, folder], {}, input);

    expect(stderr).toContain(`(${name === "-" ? "standard input" : file}:2: RUNN x)`);
  });
});

test("the .dockerignore that belongs to a Dockerfile outside the context is in place of the context's", async () => {
  await writeFile(join(elsewhere, "own"), outside);
  await writeFile(join(elsewhere, "own.dockerignore"), "a\n.dockerignore\n");
  await withContext({ dockerfile: "", files: { a: "1", b: "2", ".dockerignore": "b\n" } }, async (folder) => {
    const result = await runcible(["build", "-q", "-f", join(elsewhere, "own"), folder]);

    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    expect(await filesOf(result.stdout.trim())).toEqual(["all/Dockerfile", "all/b"]);
  });
});

test.each([
  ["docker", docker],
  ["runcible", (args: readonly string[], input?: string) => runcible(args, {}, input)],
])("%s build leaves out what <Dockerfile>.dockerignore names, with its exceptions", async (program, command) => {
  const files = {
    "d/own": outside,
    "d/own.dockerignore": "**/*.x\n!d/keep.x\nDockerfile\n",
    "d/a.x": "1",
    "d/keep.x": "2",
    b: "3",
  };
  await withContext({ dockerfile: "", files }, async (folder) => {
    const result = await command(["build", "-t", `own-${program}`, "-f", join(folder, "d/own"), folder]);

    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    const { Id } = await engine.client.images.inspect(`own-${program}`);
    expect(await filesOf(Id)).toEqual(["all/b", "all/d/", "all/d/keep.x", "all/d/own", "all/d/own.dockerignore"]);
  });
});

async function filesOf(image: string): Promise<readonly string[]> {
  const { Id: id } = await engine.client.containers.create({ Image: image, Cmd: ["none"] });
  try {
    const tree = await treeOf(await engine.client.containers.getArchive(id, "/all"));
    return tree.flatMap((line) => /all\/\S+/.exec(line)?.[0] ?? []);
  } finally {
    await engine.client.containers.remove(id);
  }
}

test("runcible build of a folder without Dockerfile says so", async () => {
  await writeFile(join(elsewhere, "a"), "");

  const result = await runcible(["build", elsewhere]);

  expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("there is no Dockerfile") });
});

describe("in a terminal", () => {
  const program = join(__dirname, "../../../build/cli/main.js");

  test("the step under way is shown with its output, which is gone when it is done; an error stays", async () => {
    await loadBusybox();
    const script = "echo first-$((1+1)); while test ! -e /stop/now; do sleep 0.1; done; echo last-$((1+1)); exit 3";
    const mount = "--mount=type=cache,id=live-view,target=/stop,sharing=shared";
    await withContext({ dockerfile: `FROM live\nENV A=1\nRUN ${mount} ${script}\n` }, async (folder) => {
      await using terminal = await openTerminal(`${process.execPath} ${program} build ${folder}`, terminalEnv());
      const during = await terminal.see(/\[3\/3\] +\d+\.\ds RUN .*\n {2}\| first-2/);
      const other = { dockerfile: `FROM live\nRUN ${mount} touch /stop/now\n` };
      await withContext(other, async (release) =>
        expect(await runcible(["build", release])).toMatchObject({ exitCode: 0 }),
      );
      const after = await terminal.see("[ended 3]");

      expect(during).toMatch(/^\[1\/3\] +\d+\.\ds FROM live\n\[2\/3\] +\d+\.\ds ENV A=1\n\[3\/3\]/);
      expect(after).toMatch(/^\[1\/3\] +\d+\.\ds FROM live\n\[2\/3\] +\d+\.\ds ENV A=1\n\[3\/3\] {2}ERROR RUN/);
      expect(after).toContain("returned a non-zero code: 3");
      expect(after).not.toContain("  | ");
    });
  });

  test("--progress=plain gives lines there too, --progress=tty steps elsewhere too", async () => {
    await withContext({ dockerfile: "FROM scratch\nENV B=1\n" }, async (folder) => {
      await using terminal = await openTerminal(
        `${process.execPath} ${program} build --progress=plain ${folder}`,
        terminalEnv(),
      );
      const { stdout } = await runcible(["build", "--progress=tty", folder]);
      const wrong = await runcible(["build", "--progress=some", folder]);

      expect(await terminal.see("[ended 0]")).toMatch(/^Step 1\/2 : FROM scratch\n/);
      expect(stdout).toMatch(/\[2\/2\] +\d+\.\ds ENV B=1\n/);
      expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("auto or plain or tty") });
    });
  });

  async function loadBusybox(): Promise<void> {
    await saveTestImage("busybox", "live:latest", join(elsewhere, "live.tar"));
    await engine.client.images.load(createReadStream(join(elsewhere, "live.tar")));
  }

  function terminalEnv(): Readonly<Record<string, string>> {
    return { RUNCIBLE_STATE_DIR: engine.stateFolder };
  }
});
