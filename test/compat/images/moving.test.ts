import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { run } from "../../../src/internal/exec";
import { startDocker } from "../../support/docker";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { pushTestImage } from "../../support/images";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { rootTest } from "../../support/run-as";

let registry: TestRegistry;
let engine: TestEngine;
let folder: string;
let docker: DockerCommand;
/** An image of the registry, pulled. */
let pulled: string;

beforeAll(async () => {
  registry = await startRegistry({ auth: "token", tls: true });
  engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", RUNCIBLE_CERTS_DIR: registry.certificateFolder });
  await connect();
  folder = await mkdtemp(join(tmpdir(), "runcible-moving-"));
  const { username, password } = registry.credentials;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  await writeFile(join(folder, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  docker = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`, folder);
  pulled = await pushTestImage(registry, "busybox", "app/bb:1");
  await must(docker, "pull", pulled);
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function inspected(source: string, ...flags: readonly string[]): Promise<string> {
  const { username, password } = registry.credentials;
  const access = source.startsWith("docker://") ? ["--tls-verify=false", "--creds", `${username}:${password}`] : [];
  return (await run("skopeo", ["inspect", ...access, ...flags, source])).stdout;
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

test("docker push tells every step, and the registry has the digest that was told", async () => {
  const target = `${registry.host}/pushed/bb:2`;
  await must(docker, "tag", pulled, target);

  const { stdout, exitCode } = await docker(["push", target]);

  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^The push refers to repository \[127\.0\.0\.1:\d+\/pushed\/bb\]\n[0-9a-f]{12}: Preparing\n[0-9a-f]{12}: Mounted from app\/bb\n2: digest: sha256:[0-9a-f]{64} size: \d+\n$/,
  );
  const told = /digest: (\S+) size: (\d+)/.exec(stdout);
  const raw = await inspected(`docker://${target}`, "--raw");
  expect([digestOf(raw), String(raw.length)]).toEqual([told?.[1], told?.[2]]);
  expect(await must(docker, "images", "--digests", "--format", "{{.Digest}}", `${registry.host}/pushed/bb`)).toBe(
    told?.[1],
  );
});

test("docker push of what is not there, of all tags, and without a login", async () => {
  const repository = `${registry.host}/many/bb`;
  expect(await docker(["push", `${repository}:1`])).toMatchObject({
    exitCode: 1,
    stderr: `An image does not exist locally with the tag: ${repository}\n`,
  });
  for (const tag of ["1", "2"]) await must(docker, "tag", pulled, `${repository}:${tag}`);
  expect(await docker(["push", `${repository}:3`])).toMatchObject({
    exitCode: 1,
    stderr: `tag does not exist: ${repository}:3\n`,
  });
  expect(await must(docker, "push", "--all-tags", repository)).toMatch(/1: digest: .*\n[\s\S]*2: digest: /);
  const anonymous = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`);
  expect(await anonymous(["push", `${repository}:1`])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/unauthorized|denied/),
  });
});

rootTest(
  "a saved image goes to skopeo, to Docker and back, and keeps its digest here",
  "it starts a dockerd",
  async () => {
    const archive = join(folder, "saved.tar");
    const digest = await must(docker, "image", "inspect", "--format", "{{index .RepoDigests 0}}", pulled);
    await must(docker, "tag", pulled, "saved:1");
    await must(docker, "tag", pulled, "saved:2");
    await must(docker, "save", "-o", archive, "saved");
    const id = await must(docker, "image", "inspect", "--format", "{{.Id}}", "saved:1");

    expect(JSON.parse(await inspected(`docker-archive:${archive}:saved:2`, "--config"))).toHaveProperty("rootfs");
    await using real = await startDocker();
    const said = await real?.docker("load", "-i", archive);
    expect(said).toBe("Loaded image: saved:1\nLoaded image: saved:2\n");
    expect((await real?.docker("images", "-q", "--no-trunc", "saved:2"))?.trim()).toBe(id);
    await real?.docker("save", "-o", join(folder, "real.tar"), "saved:1");

    const names = (await must(docker, "images", "--format", "{{.Repository}}:{{.Tag}}")).split("\n");
    await must(docker, "rmi", ...names);
    expect(await must(docker, "load", "-i", join(folder, "real.tar"))).toBe("Loaded image: saved:1");
    expect(await must(docker, "load", "-i", archive)).toBe("Loaded image: saved:1\nLoaded image: saved:2");
    expect(await must(docker, "image", "inspect", "--format", "{{.Id}}", "saved:1")).toBe(id);
    const target = `${registry.host}/back/bb:1`;
    await must(docker, "rmi", "saved:1", "saved:2");
    await must(docker, "load", "-i", archive);
    await must(docker, "tag", "saved:1", target);
    expect(await must(docker, "push", target)).toContain(digest.replace(/^.*@/, ""));
    await must(docker, "pull", pulled);
  },
);

test("the same images saved twice are the same bytes, and a reader of OCI layouts finds both", async () => {
  await must(docker, "tag", pulled, "twice:1");
  const archives = ["one.tar", "two.tar"].map((name) => join(folder, name));
  for (const archive of archives) await must(docker, "save", "-o", archive, "twice:1", pulled);
  const [one, two] = await Promise.all(archives.map((archive) => readFile(archive)));
  expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
  expect(await inspected(`docker-archive:${archives[0]}:twice:1`)).toContain("Layers");
  const raw = await inspected(`oci-archive:${archives[0]}:1`, "--raw");
  expect(digestOf(raw)).toBe(
    (await must(docker, "image", "inspect", "--format", "{{index .RepoDigests 0}}", pulled)).replace(/^.*@/, ""),
  );
});

test("a tag that an archive takes over is told", async () => {
  await must(docker, "save", "-o", join(folder, "tag.tar"), "twice:1");
  const other = await must(docker, "import", "--change", 'CMD ["true"]', await emptyArchive(), "twice:1");

  const said = await must(docker, "load", "-i", join(folder, "tag.tar"));

  expect(said).toBe(
    `The image twice:1 already exists, renaming the old one with ID ${other} to empty string\nLoaded image: twice:1`,
  );
});

async function emptyArchive(): Promise<string> {
  const archive = join(folder, "empty.tar");
  await mkdir(join(folder, "empty"), { recursive: true });
  await run("tar", ["--create", "--file", archive, "--directory", join(folder, "empty"), "."]);
  return archive;
}

test("export has the container's own files and not what is mounted, running or stopped", async () => {
  const script = "echo mine >/mine; echo volume >/data/inside; rm /etc/passwd; sleep 1000";
  await must(
    docker,
    "run",
    "-d",
    "--name",
    "exported",
    "-v",
    "/data",
    "--tmpfs",
    "/scratch",
    pulled,
    "sh",
    "-c",
    script,
  );
  const isReady = "until test -s /data/inside && ! test -e /etc/passwd; do sleep 0.1; done; touch /scratch/x";
  await must(docker, "exec", "exported", "sh", "-c", isReady);

  for (const state of ["running", "stopped"]) {
    if (state === "stopped") await must(docker, "stop", "-t", "0", "exported");
    const archive = join(folder, `${state}.tar`);
    await must(docker, "export", "-o", archive, "exported");
    const names = (await run("tar", ["--list", "--file", archive])).stdout.split("\n");
    expect(names).toEqual(expect.arrayContaining(["mine", "data/", "scratch/", "bin/", "etc/"]));
    expect(names.filter((name) => /^(data|scratch|proc|sys)\/.|^etc\/passwd$/.test(name))).toEqual([]);
    expect((await run("tar", ["--extract", "--to-stdout", "--file", archive, "mine"])).stdout).toBe("mine\n");
  }
  await must(docker, "rm", "-f", "-v", "exported");
});

test("an export of a container that swaps folders for links brings nothing of the machine", async () => {
  await mkdir(join(folder, "machine"), { recursive: true });
  await writeFile(join(folder, "machine", "secret"), "of the machine");
  const swap = `while true; do mv /d /e; ln -s ${folder}/machine /d; rm /d; mv /e /d; done`;
  await must(docker, "run", "-d", "--name", "swapper", pulled, "sh", "-c", `mkdir /d; echo x >/d/inside; ${swap}`);
  for (let round = 0; round < 10; round++) {
    const archive = join(folder, "swapped.tar");
    await must(docker, "export", "-o", archive, "swapper");
    const names = (await run("tar", ["--list", "--file", archive])).stdout.split("\n");
    expect(names).toContain("bin/");
    expect(names.filter((name) => name.endsWith("/secret"))).toEqual([]);
  }
  await must(docker, "rm", "-f", "swapper");
});

test("the verbs of runcible push, save, load, tag, show and remove", async () => {
  const main = new URL("../../../build/cli/main.js", import.meta.url).pathname;
  const env = { ...engine.env, DOCKER_CONFIG: folder };
  const runcible = async (...args: readonly string[]): Promise<string> =>
    (await run(process.execPath, [main, ...args], { env })).stdout;
  const target = `${registry.host}/by/runcible:1`;
  const archive = join(folder, "verbs.tar");

  await runcible("tag", pulled, target);
  expect(await runcible("push", target)).toMatch(/\n1: digest: sha256:/);
  await runcible("save", "-o", archive, target);
  expect(await runcible("rmi", target)).toContain(`Untagged: ${target}\n`);
  expect(await runcible("load", "-i", archive)).toContain(`Loaded image: ${target}\n`);
  expect(await runcible("history", target)).toMatch(/^IMAGE +CREATED +CREATED BY/);
  await runcible("rmi", target);
  expect(await runcible("pull", target)).toContain(`Status: `);
});

test.each([
  ["plain", undefined],
  ["gzip", ["gzip", "-k"]],
  ["xz", ["xz", "-k"]],
  ["bzip2", ["bzip2", "-k"]],
  ["zstd", ["zstd", "-q"]],
])("what was exported is imported again, %s, with its changes", async (kind, compress) => {
  await must(docker, "create", "--name", `from-${kind}`, pulled, "true");
  const plain = join(folder, `${kind}.tar`);
  await must(docker, "export", "-o", plain, `from-${kind}`);
  await must(docker, "rm", `from-${kind}`);
  const suffixes: Readonly<Record<string, string>> = { gzip: ".gz", xz: ".xz", bzip2: ".bz2", zstd: ".zst" };
  if (compress !== undefined) await run(compress[0] ?? "", [...compress.slice(1), plain]);
  const changes = ["--change", 'CMD ["echo", "imported"]', "--change", "ENV A=b", "--message", "made here"];

  const id = await must(docker, "import", ...changes, `${plain}${suffixes[kind] ?? ""}`, `imported:${kind}`);

  expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await must(docker, "run", "--rm", `imported:${kind}`)).toBe("imported");
  expect(await must(docker, "history", "--format", "{{.Comment}}", `imported:${kind}`)).toBe("made here");
  expect(await must(docker, "image", "inspect", "--format", "{{.Config.Env}}", `imported:${kind}`)).toBe("[A=b]");
});

test.each([
  ["a name that leads outside", ["--transform", "s,^file$,../file,"], /unpack layer .*"\.\." in its path/],
  ["bytes that are no archive", undefined, /import archive|unpack layer/],
])("an import with %s is refused and leaves nothing", async (_what, transform, message) => {
  const archive = join(folder, "hostile.tar");
  await writeFile(join(folder, "file"), "x".repeat(100_000));
  const pack = ["--create", "--file", archive, "--directory", folder, "--absolute-names"];
  if (transform === undefined) await writeFile(archive, "x".repeat(100_000));
  else await run("tar", [...pack, ...transform, "file"]);

  expect(await docker(["import", archive, "hostile:1"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(message),
  });

  expect(await must(docker, "images", "-q", "hostile")).toBe("");
});

test("the registry is asked what it has for a name, with the caller's credentials", async () => {
  const { client } = await connect();
  const auth = Buffer.from(JSON.stringify(registry.credentials)).toString("base64url");
  const headers = ["--header", `X-Registry-Auth: ${auth}`];
  const socket = join(engine.stateFolder, "engine.sock");
  const ask = async (...more: readonly string[]): Promise<unknown> =>
    JSON.parse(
      (await run("curl", ["--silent", "--unix-socket", socket, ...more, `http://d/distribution/${pulled}/json`]))
        .stdout,
    );

  const raw = await inspected(`docker://${pulled}`, "--raw");
  expect(await ask(...headers)).toEqual({
    Descriptor: {
      mediaType: JSON.parse(raw).mediaType,
      digest: digestOf(raw),
      size: raw.length,
    },
    Platforms: [{ architecture: (await client.images.inspect(pulled)).Architecture, os: "linux" }],
  });
  expect(await ask()).toMatchObject({ message: expect.stringContaining("may require 'docker login'") });
});

test("the client pushes, saves, loads and imports", async () => {
  const { client } = await connect();
  const target = { name: `${registry.host}/client/bb`, tag: "1" };
  await client.images.tag(pulled, { repo: target.name, tag: target.tag });
  const digest = await client.images.push({ ...target, auth: registry.credentials });
  expect(digestOf(await inspected(`docker://${target.name}:1`, "--raw"))).toBe(digest);

  const lines: (string | undefined)[] = [];
  const archive = await client.images.save([`${target.name}:1`]);
  await client.images.load(archive, ({ stream }) => lines.push(stream));
  expect(lines).toEqual([`Loaded image: ${target.name}:1\n`]);

  const id = await client.images.importFilesystem({
    archive: createReadStream(await emptyArchive()),
    name: "by-client:1",
  });
  expect((await client.images.inspect("by-client:1")).Id).toBe(id);
});
