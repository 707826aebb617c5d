import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { packUpper } from "../../../src/runtime/layer/diff";
import { type LayerStore, openLayerStore } from "../../../src/runtime/layer/layer-store";
import { copyDriver } from "../../../src/runtime/rootfs/copy-driver";
import { belowLayers } from "../../../src/runtime/rootfs/find-below";
import { fuseDriver } from "../../../src/runtime/rootfs/fuse-driver";
import { isMountPoint } from "../../../src/runtime/rootfs/mount-tool";
import { overlayDriver } from "../../../src/runtime/rootfs/overlay-driver";
import { diffIdOf, type Entry, pieces, tarOf } from "../layer/layer-fixture";

/** What the first of them wrote. */
let sameBytes: string | undefined;

/** The same promises for all of them, on the file system of the folder for temporary files. */
describe.each([overlayDriver, fuseDriver, copyDriver].map((driver) => [driver.name, driver] as const))(
  "%s",
  (_, driver) => {
    let base: string;
    let folder: string;
    let store: LayerStore;

    beforeEach(async () => {
      base = await mkdtemp(join(tmpdir(), "runcible-rootfs-"));
      folder = join(base, "container");
      store = await openLayerStore(join(base, "layers"), { form: driver.form });
    });

    afterEach(async () => {
      await driver.unmount(folder);
      await rm(base, { recursive: true, force: true });
    });

    /** Lowest first; resolves to their folders. */
    async function layersOf(...all: readonly (readonly Entry[])[]): Promise<readonly string[]> {
      const folders: string[] = [];
      for (const entries of all) {
        const bytes = tarOf(entries);
        const diffId = diffIdOf(bytes);
        await store.unpack({ diffId, compression: "none", source: pieces(bytes), describedAs: "test layer" });
        folders.push(store.pathOf(diffId));
      }
      return folders;
    }

    const two = (): Promise<readonly string[]> =>
      layersOf(
        [folderEntry("data"), { name: "data/of-0", data: "0" }, { name: "data/both", data: "lower" }],
        [folderEntry("data"), { name: "data/of-1", data: "1" }, { name: "data/both", data: "upper" }],
      );

    test("a root shows all layers and keeps what is written out of them", async () => {
      const layers = await two();
      const { path } = await driver.mount({ layers, folder });
      await sh(path, "echo changed > data/of-0; chmod 600 data/of-1; rm data/both");
      expect(await tree(path)).toEqual(["data d 755", "data/of-0 f 644 changed", "data/of-1 f 600 1"]);
      expect(await tree(layers[0] ?? "")).toEqual(["data d 755", "data/both f 644 lower", "data/of-0 f 644 0"]);
      expect(await tree(layers[1] ?? "")).toEqual(["data d 755", "data/both f 644 upper", "data/of-1 f 644 1"]);
    });

    test("upper layers delete, hide and replace what lower ones have", async () => {
      const layers = await layersOf(
        [
          ...["gone", "hidden", "to-file", "to-link", "deep"].flatMap((name) => [
            folderEntry(name),
            { name: `${name}/old`, data: name },
          ]),
          { name: "to-folder", data: "a file" },
          { name: "link", type: "2", linkName: "hidden" },
          { name: "kept", data: "kept" },
        ],
        [
          { name: ".wh.gone" },
          { name: ".wh.kept.not" },
          folderEntry("hidden"),
          { name: "hidden/.wh..wh..opq" },
          { name: "hidden/new", data: "new" },
          { name: "to-file", data: "now a file" },
          { name: "to-link", type: "2", linkName: "hidden" },
          folderEntry("to-folder"),
          { name: "to-folder/inside", data: "x" },
          folderEntry("link"),
          { name: "link/inside", data: "y" },
          folderEntry("deep"),
          { name: "deep/.wh.old" },
        ],
      );
      const { path } = await driver.mount({ layers, folder });
      expect(await tree(path)).toEqual([
        "deep d 755",
        "hidden d 755",
        "hidden/new f 644 new",
        "kept f 644 kept",
        "link d 755",
        "link/inside f 644 y",
        "to-file f 644 now a file",
        "to-folder d 755",
        "to-folder/inside f 644 x",
        "to-link l 777",
      ]);
    });

    test("a deleted name that comes back in a layer above is there", async () => {
      const layers = await layersOf(
        [folderEntry("a"), { name: "a/old", data: "1" }],
        [{ name: ".wh.a" }],
        [folderEntry("a"), { name: "a/new", data: "3" }],
      );
      const { path } = await driver.mount({ layers, folder });
      expect(await tree(path)).toEqual(["a d 755", "a/new f 644 3"]);
      await sh(path, "rm -r a");
      expect(await listed(driver.changes({ layers, folder }))).toEqual([{ path: "/a", kind: "deleted" }]);
    });

    test("a root that is mounted again has what was written before", async () => {
      const layers = await two();
      const { path } = await driver.mount({ layers, folder });
      await sh(path, "echo x > written; rm data/of-0; rm -r data; mkdir data; echo y > data/new");
      await driver.unmount(folder);
      expect(await isMountPoint(path)).toBe(false);
      await driver.mount({ layers, folder });
      expect(await tree(path)).toEqual(["data d 755", "data/new f 644 y", "written f 644 x"]);
    });

    test("mounting and unmounting twice is as good as once", async () => {
      const layers = await two();
      await driver.mount({ layers, folder });
      const { path } = await driver.mount({ layers, folder });
      expect(await readdir(join(path, "data"))).toHaveLength(3);
      await driver.unmount(folder);
      await driver.unmount(folder);
      expect(await isMountPoint(path)).toBe(false);
    });

    test("an image may have the same layer several times", async () => {
      const [lower = "", upper = ""] = await two();
      const { path } = await driver.mount({ layers: [lower, lower, upper, lower, upper, lower], folder });
      expect(await readFile(join(path, "data/both"), "utf8")).toBe("lower");
      expect((await readdir(join(path, "data"))).sort()).toEqual(["both", "of-0", "of-1"]);
    });

    test("an image without layers has an empty, writable root", async () => {
      const { path } = await driver.mount({ layers: [], folder });
      await sh(path, "echo x > first");
      expect(await tree(path)).toEqual(["first f 644 x"]);
      expect(await listed(driver.changes({ layers: [], folder }))).toEqual([{ path: "/first", kind: "added" }]);
    });

    test("changes tell what was added, modified and deleted", async () => {
      const layers = await two();
      const { path } = await driver.mount({ layers, folder });
      expect(await listed(driver.changes({ layers, folder }))).toEqual([]);
      await sh(path, "echo changed > data/of-0; rm data/of-1; mkdir -p new/below; echo x > new/below/file");
      const changes = await listed(driver.changes({ layers, folder }));
      expect(changes.toSorted((left, right) => left.path.localeCompare(right.path))).toEqual([
        { path: "/data", kind: "modified" },
        { path: "/data/of-0", kind: "modified" },
        { path: "/data/of-1", kind: "deleted" },
        { path: "/new", kind: "added" },
        { path: "/new/below", kind: "added" },
        { path: "/new/below/file", kind: "added" },
      ]);
    });

    test("what was written becomes a layer that does the same again", async () => {
      const layers = await layersOf(
        [
          ...["moved", "replaced", "cleared", "kept"].flatMap((name) => [
            folderEntry(name),
            { name: `${name}/a`, data: name },
            { name: `${name}/b`, data: name },
          ]),
          { name: "deleted", data: "x" },
          { name: "touched", data: "same content" },
          { name: "mode", data: "x" },
        ],
        [{ name: "second", data: "2" }],
      );
      const { path } = await driver.mount({ layers, folder });
      await sh(
        path,
        `rm deleted second; rm -r replaced; mv moved replaced; rm -r cleared; mkdir cleared; echo c > kept/c; touch -d 2002-03-04 kept/c
       chmod 4750 mode; touch -d 2001-02-03 touched; mkdir -p x/y; ln -s /nowhere x/link; echo 1 > x/one; touch -d 2003-04-05 x/one; ln x/one x/two
       chown 7:8 x/one; mkfifo x/pipe; touch -d 2004-05-06 x/pipe; touch -h -d 2005-06-07 x/link; mkdir x/empty; chmod 700 x/empty; setcap cap_net_raw+ep x/one`,
      );
      const before = await described(path);
      await driver.unmount(folder);
      const file = join(base, "layer.tar");
      const { signal } = new AbortController();
      const packed = await driver.written({ layers, folder }, (upper) => packUpper({ upper, file, signal }));
      const source = createReadStream(file);
      await store.unpack({ diffId: packed.diffId, compression: "none", source, describedAs: "written" });
      const again = join(base, "again");
      const above = await driver.mount({ layers: [...layers, store.pathOf(packed.diffId)], folder: again });
      try {
        expect(await described(above.path)).toBe(before);
        // Nothing but what was written is in it.
        const names = (await run("tar", ["-tf", file])).stdout.split("\n");
        expect(names.filter((name) => name.startsWith("kept"))).toEqual(["kept/", "kept/c"]);
      } finally {
        await driver.unmount(again);
      }
    });

    test("what was written becomes the same bytes, whichever driver it was written with", async () => {
      const layers = await layersOf(
        [
          ...["cleared", "emptied", "gone", "kept"].flatMap((name) => [
            folderEntry(name),
            { name: `${name}/a`, data: name },
            { name: `${name}/b`, data: name },
          ]),
          { name: "to-folder", data: "x" },
          { name: "mode", data: "x" },
        ],
        [{ name: "second", data: "2" }, { name: ".wh.gone" }],
      );
      const { path } = await driver.mount({ layers, folder });
      await sh(
        path,
        `rm -r cleared; mkdir -p cleared/new; echo c > cleared/a; rm emptied/a emptied/b; rm kept/a; echo c > kept/c; rm second
       rm to-folder; mkdir -p to-folder/inside; chmod 4750 mode; mkdir -p gone/again x/y/z; echo 1 > x/one; ln x/one x/two
       ln -s /nowhere x/link; mkfifo x/pipe; chown 7:8 x/one; setcap cap_net_raw+ep x/one
       touch -h -d 2015-01-01 x/* x/y/z gone/* to-folder/* cleared/* kept/c; touch -d 2015-01-01 x gone to-folder cleared emptied kept`,
      );
      await driver.unmount(folder);
      const file = join(base, "layer.tar");
      const { signal } = new AbortController();
      const isBelow = belowLayers({ layers, marks: driver.form.whiteouts });
      await driver.written({ layers, folder }, (upper) => packUpper({ upper, file, isBelow, signal }));
      const { stdout } = await run("sh", ["-c", `tar -tf ${file} | LC_ALL=C sort; sha256sum < ${file}`]);
      expect(stdout.split("\n").filter((name) => name.includes(".wh."))).toEqual([
        ".wh.second",
        "cleared/.wh..wh..opq",
        "emptied/.wh.a",
        "emptied/.wh.b",
        "kept/.wh.a",
        "to-folder/.wh..wh..opq",
      ]);
      sameBytes ??= stdout;
      expect(stdout).toBe(sameBytes);
    });

    test("the folder of what was written may be taken for a layer", async () => {
      const layers = await two();
      const { path } = await driver.mount({ layers, folder });
      await sh(path, "rm data/of-0; echo n > data/new; rm -r data; mkdir data; echo z > data/z");
      await driver.unmount(folder);
      const diffId = diffIdOf(Buffer.from("adopted"));
      await driver.written({ layers, folder }, (upper) =>
        store.adopt({ diffId, folder: upper, sizeBytes: 1, has32BitPrograms: false }),
      );
      const again = join(base, "again");
      const above = await driver.mount({ layers: [...layers, store.pathOf(diffId)], folder: again });
      try {
        expect(await tree(above.path)).toEqual(["data d 755", "data/z f 644 z"]);
      } finally {
        await driver.unmount(again);
      }
    });

    test("what was written stays as it is while others ask for it", async () => {
      const layers = await two();
      const { path } = await driver.mount({ layers, folder });
      await sh(path, "seq 1000 > a; mkdir b; seq 1000 > b/c");
      const sums = await Promise.all(
        Array.from({ length: 3 }, () =>
          driver.written({ layers, folder }, (upper) =>
            sh(upper, "for round in 1 2 3 4 5; do cat a b/c | wc -l; sleep 0.05; done"),
          ),
        ),
      );
      expect(sums).toEqual(Array.from({ length: 3 }, () => "2000\n".repeat(5)));
    });

    test("what a program holds open and has written is in a diff of a mounted root", async () => {
      const layers = await two();
      const { path } = await driver.mount({ layers, folder });
      await sh(
        path,
        `exec 3>open; echo early >&3; cat open >/dev/null; sleep 1000 >/dev/null 2>&1 & echo $! > ../holder`,
      );
      const holder = Number(await readFile(join(folder, "holder"), "utf8"));
      try {
        const written = driver.written({ layers, folder }, (upper) => readFile(join(upper, "open"), "utf8"));
        expect(await written).toBe("early\n");
      } finally {
        killIfThere(holder, "SIGKILL");
      }
    });
  },
);

function folderEntry(name: string): Entry {
  return { name: `${name}/`, type: "5", mode: 0o755 };
}

async function sh(cwd: string, script: string): Promise<string> {
  return (await run("sh", ["-euc", `umask 022; PATH=$PATH:/usr/sbin:/sbin; ${script}`], { cwd })).stdout;
}

/** Name, kind and mode of everything, and the content of files. */
async function tree(root: string): Promise<readonly string[]> {
  const script = `find . -mindepth 1 -printf '%P %y %m\n' | LC_ALL=C sort | while read -r name kind mode; do
    if [ $kind = f ]; then echo "$name f $mode $(cat "$name")"; else echo "$name $kind $mode"; fi; done`;
  return (await sh(root, script)).trim().split("\n");
}

/** Everything that a layer keeps. Folders whose content was written have times of their own. */
async function described(root: string): Promise<string> {
  const files =
    "find . -mindepth 1 -printf '%P %y %m %U:%G %n %l %s ' \\( -type d -printf '\\n' -o -printf '%T@\\n' \\)";
  const sizes = await sh(root, `${files} | sed '/ d /s/ [0-9]* $//' | LC_ALL=C sort; getcap -r . | LC_ALL=C sort`);
  return sizes + (await sh(root, "find . -type f | LC_ALL=C sort | xargs cat"));
}

async function listed<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
