// Files in and out, and images of folders.
const { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { dirname, join } = require("node:path");
const { Readable } = require("node:stream");
const tar = require("tar-stream");
const { GenericContainer, getContainerRuntimeClient, ImageName } = require(process.env.LIB);
const { fact, named, report, seenIn, sleeper } = require("./facts.cjs");

const base = mkdtempSync(join(tmpdir(), "facts-"));
process.once("exit", () => rmSync(base, { recursive: true, force: true }));

function write(path, text, mode = 0o644) {
  const file = join(base, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const file = write("file", "content", 0o604);
symlinkSync(file, join(base, "link"));
write("folder/a/f", "f", 0o640);
write("folder/.hidden", "h", 0o600);
const folder = join(base, "folder");
mkdirSync(join(folder, "empty"));
symlinkSync("a/f", join(folder, "link"));

function archive() {
  const pack = tar.pack();
  pack.entry({ name: "x/t", mode: 0o640, uid: 4242, gid: 4343 }, "t");
  pack.finalize();
  return pack;
}

/** Name, type and mode of each entry. */
async function entriesOf(stream) {
  const found = [];
  for await (const entry of stream.pipe(tar.extract())) {
    found.push([entry.header.name, entry.header.type, entry.header.mode]);
    entry.resume();
  }
  return found;
}

const look = ["sh", "-c", "cd /; find x* -exec stat -c '%n %a %u:%g %F' {} \\; | sort"];

const before = {
  files: (request) =>
    request.withCopyFilesToContainer([
      { source: file, target: "/x/file" },
      { source: file, target: "/x/other", mode: 0o4711 },
      { source: file, target: "/x/decimal", mode: 777 },
      { source: file, target: "/x/stat", mode: statSync(file).mode },
      { source: join(base, "link"), target: "/x/link" },
      { source: folder, target: "/x/folder" },
    ]),
  folders: (request) => request.withCopyDirectoriesToContainer([{ source: folder, target: "/x" }]),
  "folders with a mode": (request) =>
    request.withCopyDirectoriesToContainer([{ source: folder, target: "/x", mode: 0o707 }]),
  "a folder that is missing": (request) => request.withCopyDirectoriesToContainer([{ source: "/nope", target: "/x" }]),
  contents: (request) =>
    request.withCopyContentToContainer([
      { content: "s", target: "/x/s" },
      { content: Buffer.from("b"), target: "/x/b", mode: 666 },
      { content: Readable.from("r"), target: "/x/r", mode: 0o600 },
      { content: "z", target: "\\x\\z", mode: 0 },
    ]),
  archives: (request) => request.withCopyArchivesToContainer([{ tar: archive(), target: "/" }]),
  "archives with owners": (request) =>
    request
      .withCopyToContainerOptions({ copyUIDGID: true })
      .withCopyArchivesToContainer([{ tar: archive(), target: "/" }]),
};

const after = {
  files: (container) => container.copyFilesToContainer([{ source: file, target: "/x/file", mode: 0o711 }]),
  folders: (container) => container.copyDirectoriesToContainer([{ source: folder, target: "/x" }]),
  contents: (container) => container.copyContentToContainer([{ content: "s", target: "/x/s", mode: 0o700 }]),
  "an archive": (container) => container.copyArchiveToContainer(archive()),
  "an archive with owners": (container) => container.copyArchiveToContainer(archive(), "/", { copyUIDGID: true }),
  "a file that is missing": (container) => container.copyFilesToContainer([{ source: "/nope", target: "/x/y" }]),
  "an archive to no folder": (container) => container.copyArchiveToContainer(archive(), "/no/such"),
  "an archive over a folder": async (container) => {
    await container.exec(["mkdir", "-p", "/x/t"]);
    await container.copyArchiveToContainer(archive(), "/", { noOverwriteDirNonDir: true });
  },
};

async function copies() {
  for (const [name, make] of Object.entries(before)) {
    await fact(`copied before: ${name}`, () =>
      seenIn(make(sleeper()), async (started) => (await started.exec(look)).output),
    );
  }
  await fact("copied before a start that was stopped: an archive", () =>
    seenIn(sleeper().withCopyContentToContainer([{ content: "s", target: "/x/s" }]), async (container) => {
      const stopped = await container.stop({ remove: false });
      const found = await entriesOf(await stopped.copyArchiveFromContainer("/x/s"));
      await (await getContainerRuntimeClient()).container.getById(stopped.getId()).remove();
      return [stopped.getId() === container.getId(), found];
    }),
  );
  await seenIn(sleeper(), async (container) => {
    for (const [name, copy] of Object.entries(after)) {
      await container.exec(["rm", "-rf", "/x"]);
      await fact(`copied after: ${name}`, async () => {
        await copy(container);
        return (await container.exec(look)).output;
      });
    }
    await container.exec(["sh", "-c", "rm -rf /x; mkdir -m 750 /x; echo s > /x/s"]);
    for (const path of ["/x", "/x/s", "/nope"]) {
      await fact(`copied from: ${path}`, async () => entriesOf(await container.copyArchiveFromContainer(path)));
    }
  });
}

async function builds() {
  const { image, container } = await getContainerRuntimeClient();
  const { IMAGE } = process.env;
  const stages = `ARG BASE\nFROM \${BASE} AS one\nARG WHO\nCOPY . /x\nRUN echo "$WHO" > /who\nFROM one AS two\nRUN echo two > /two\n`;
  write("context/Dockerfile", stages);
  for (const path of ["keep/a", "drop/b", ".hidden", "sub/c"]) write(`context/${path}`, "text");
  write("context/.dockerignore", "# left out\ndrop\nDockerfile\nsub\n!sub/c\n");
  write("other/sub/Other", `FROM ${IMAGE}\nRUN echo other > /x\n`);
  const build = (name, ...file) => GenericContainer.fromDockerfile(join(base, name), ...file);
  const kept = (request) => request.withCommand(["sleep", "1000"]);
  const files = ["sh", "-c", "cat /who; cd /x; find . -type f | sort; test -e /two; echo $?"];
  const whole = () => build("context").withBuildArgs({ BASE: IMAGE, WHO: "me" });
  await fact("built", async () => seenIn(kept(await whole().build()), (started) => started.exec(files)));
  await fact("built up to a stage", async () =>
    seenIn(kept(await whole().withTarget("one").withCache(false).build()), (started) => started.exec(files)),
  );
  await fact("built of another file", async () =>
    seenIn(kept(await build("other", "sub/Other").build()), (started) => started.exec(["cat", "/x"])),
  );
  await fact("built under a name", async () => {
    const name = named("built");
    const request = await build("other", "sub/Other").build(name, { deleteOnExit: false });
    const { RepoTags, Config } = await image.inspect(ImageName.fromString(name));
    await container.dockerode.getImage(`${name}:latest`).remove();
    return [request.createOpts.Image, RepoTags, Object.keys(Config.Labels).sort()];
  });
  await fact("built under no name", async () => {
    const request = await build("other", "sub/Other").build();
    return /^localhost\/[\da-f]{12}:[\da-f]{12}$/.test(request.createOpts.Image);
  });
}

report(copies, builds);
