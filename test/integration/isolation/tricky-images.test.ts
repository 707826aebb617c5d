import { lstat, readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxPath } from "../../support/image/recipes";
import { type Entry, tarOf } from "../layer/layer-fixture";
import { type Canary, openCanary } from "./canary";
import { openCell } from "./in-container";

const engine = useEngineOfThisFile();
let canary: Canary;
let before: readonly string[];

beforeAll(async () => {
  (await connect()).client.close();
  canary = await openCanary();
  before = await canary.contents();
});

afterAll(() => canary[Symbol.asyncDispose]());

/** An image of busybox and whatever else is wanted at whatever place. */
async function image(name: string, entries: readonly Entry[]): Promise<string> {
  const busybox = await readFile(await busyboxPath());
  const archive = tarOf([
    { name: "busybox", data: busybox, mode: 0o755 },
    { name: "tmp/", type: "5", mode: 0o777 },
    ...entries,
  ]);
  await engine.client.images.importFilesystem({ archive: Readable.from([archive]), name: `tricky/${name}:1` });
  return `tricky/${name}:1`;
}

const link = (name: string, linkName: string): Entry => ({ name, type: "2", linkName });

/** What a container of it says, and that it neither showed nor changed anything of the host. */
async function outcome(
  name: string,
  entries: readonly Entry[],
  script: string,
  hostConfig: object = {},
): Promise<string> {
  const Image = await image(name, entries);
  const body = { Image, Cmd: ["/busybox", "sleep", "1000"], HostConfig: hostConfig };
  const said = await openCell(engine.client, body).then(
    async (cell) => {
      try {
        const { Id } = await engine.client.exec.create(cell.id, {
          Cmd: ["/busybox", "sh", "-c", script],
          AttachStdout: true,
          AttachStderr: true,
        });
        const chunks: Buffer[] = [];
        for await (const chunk of await engine.client.exec.start(Id)) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks).toString("latin1");
      } finally {
        await cell[Symbol.asyncDispose]();
      }
    },
    (error: unknown) => `refused: ${error}`,
  );
  expect(said).not.toContain(canary.secret);
  expect(await canary.contents()).toEqual(before);
  return said;
}

test.each(["hosts", "resolv.conf", "hostname"])(
  "an /etc/%s that is a link to a file of the host gets the container's own",
  async (file) => {
    const said = await outcome(
      `link-${file}`,
      [{ name: "etc/", type: "5", mode: 0o755 }, link(`etc/${file}`, `${canary.folder}/file`)],
      `/busybox cat /etc/${file}; /busybox cat ${canary.folder}/file; echo written >> /etc/${file}`,
    );
    expect(said).not.toContain("written");
  },
);

test("an /etc that is a link to a folder of the host leaves that folder alone", async () => {
  await outcome("link-etc", [link("etc", canary.folder)], "/busybox cat /etc/hosts; echo planted > /etc/planted");
});

test("an /etc/hosts that is a link upwards stays inside", async () => {
  const up = "../".repeat(20);
  await outcome(
    "link-up",
    [{ name: "etc/", type: "5", mode: 0o755 }, link("etc/hosts", `${up}${canary.folder.slice(1)}/hosts`)],
    "/busybox cat /etc/hosts; echo planted >> /etc/hosts",
  );
});

test.each([
  ["/proc", "proc"],
  ["/sys", "sys"],
  ["/dev", "dev"],
])(
  "an image whose %s is a link to a folder of the host gets the kernel's, and nothing of the host",
  async (_path, name) => {
    const said = await outcome(
      `link-${name}`,
      [link(name, canary.folder)],
      `/busybox mount; /busybox cat /${name}/file /${name}/sub/file; echo planted > /${name}/planted; echo planted > /${name}/file`,
    );
    expect(said).toMatch(new RegExp(` on /${name} type (tmpfs|proc|sysfs) `));
  },
);

test("an image whose /dev is a link to the /dev of the host leaves that alone", async () => {
  const ptmx = await lstat("/dev/ptmx");
  await outcome("link-dev-dev", [link("dev", "/dev")], "/busybox ls /dev");
  expect((await lstat("/dev/ptmx")).ino).toBe(ptmx.ino);
});

test("a link that is copied to where a container has its /dev is replaced at the next start", async () => {
  const Image = await image("copied-dev", []);
  const { containers } = engine.client;
  const { Id } = await containers.create({ Image, Cmd: ["/busybox", "ls", "/dev"] });
  await containers.putArchive(Id, "/", Readable.from([tarOf([link("dev", canary.folder)])])).catch(() => {});
  await containers.start(Id);
  await containers.wait(Id);
  await containers.remove(Id);
  expect(await canary.contents()).toEqual(before);
});

test("a /proc that the image filled with files of its own fools neither the start nor an exec", async () => {
  const said = await outcome(
    "own-proc",
    [
      { name: "proc/", type: "5", mode: 0o755 },
      { name: "proc/self/", type: "5", mode: 0o755 },
      link("proc/self/root", canary.folder),
      { name: "proc/self/attr/", type: "5", mode: 0o755 },
      { name: "proc/self/attr/exec", data: "" },
      link("proc/self/fd", canary.folder),
    ],
    "/busybox readlink /proc/self/root; /busybox grep -c Seccomp /proc/self/status",
  );
  expect(said).toContain("/\n");
});

test("a folder for a volume that is a link to the host is filled from inside the image", async () => {
  await outcome(
    "volume-link",
    [link("data", canary.folder)],
    "/busybox cat /data/file /data/sub/file; echo planted > /data/planted",
    { Binds: ["filled-from-link:/data"] },
  );
});

test("links in what a new volume is filled with are copied as links", async () => {
  const said = await outcome(
    "volume-content",
    [
      { name: "data/", type: "5", mode: 0o755 },
      link("data/file", `${canary.folder}/file`),
      link("data/folder", canary.folder),
      link("data/up", "../../../../../../.."),
    ],
    "/busybox ls -l /data; /busybox cat /data/file /data/folder/file; echo planted > /data/folder/planted",
    { Binds: ["filled-with-links:/data"] },
  );
  expect(said).toContain("folder ->");
});

test("a mount point below a link to the host is made inside", async () => {
  await outcome("mount-link", [link("mnt", canary.folder)], "echo planted > /mnt/deep/planted", {
    Tmpfs: { "/mnt/deep": "rw" },
  });
});

test("a working folder that is a link to the host is one inside, or none", async () => {
  const Image = await image("cwd-link", [link("work", canary.folder)]);
  const { Id } = await engine.client.containers.create({ Image, WorkingDir: "/work/made", Cmd: ["/busybox", "pwd"] });
  await engine.client.containers.start(Id).catch(() => {});
  await engine.client.containers.remove(Id, { force: true });
  expect(await canary.contents()).toEqual(before);
});

test("a passwd and a group file that are links to the host name nobody", async () => {
  const Image = await image("passwd-link", [
    { name: "etc/", type: "5", mode: 0o755 },
    link("etc/passwd", `${canary.folder}/passwd`),
    link("etc/group", "/proc/self/environ"),
  ]);
  const { Id } = await engine.client.containers.create({ Image, User: "root:root", Cmd: ["/busybox", "id"] });
  const failure = await engine.client.containers.start(Id).then(() => "", String);
  await engine.client.containers.remove(Id, { force: true });
  expect(failure).not.toContain(canary.secret);
});
