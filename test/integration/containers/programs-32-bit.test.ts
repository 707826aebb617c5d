import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { writeOciLayout } from "../../support/image/oci-layout";
import { tinyProgram32 } from "../../support/image/tiny-program";
import { storageFolderOf } from "../../support/storage-folder";
import { tarOf } from "../layer/layer-fixture";
import { loadLayout, useEngineWithImage } from "./engine-with-image";

const engine = useEngineWithImage();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-32-bit-"));
  await mkdir(join(folder, "root"));
  await writeFile(join(folder, "root", "exit42"), tinyProgram32(42), { mode: 0o755 });
  await writeOciLayout(join(folder, "root"), { Cmd: ["/exit42"] }, join(folder, "layout"));
  await loadLayout(engine, join(folder, "layout"), "tiny:32");
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function exitCodeOf(body: Parameters<EngineClient["containers"]["create"]>[0]): Promise<number> {
  const { containers } = engine.client;
  const { Id } = await containers.create(body);
  await containers.start(Id);
  const { StatusCode } = await containers.wait(Id);
  await containers.remove(Id);
  return StatusCode;
}

test("a 32-bit program of the image runs", async () => {
  expect(await exitCodeOf({ Image: "tiny:32" })).toBe(42);
});

test("a 32-bit program that is bound into the container runs", async () => {
  const Binds = [`${join(folder, "root")}:/opt`];

  expect(await exitCodeOf({ Image: "bb:latest", Cmd: ["/opt/exit42"], HostConfig: { Binds } })).toBe(42);
});

test("a 32-bit program that is copied into the container runs from the next start on", async () => {
  const { containers } = engine.client;
  const { Id } = await containers.create({ Image: "bb:latest", Cmd: ["/opt/exit42"] });
  const tar = tarOf([{ name: "opt/exit42", data: tinyProgram32(42), mode: 0o755 }]);
  await containers.putArchive(Id, "/", Readable.from([tar]));

  await containers.start(Id);

  expect((await containers.wait(Id)).StatusCode).toBe(42);
  await containers.remove(Id);
});

test("an image without such programs gets a filter for one machine only", async () => {
  const { containers } = engine.client;
  const { Id } = await containers.create({ Image: "bb:latest", Cmd: ["sleep", "1000"] });
  await containers.start(Id);
  const spec = JSON.parse(await readFile(join(await storageFolderOf(engine), "containers", Id, "config.json"), "utf8"));

  expect(spec.linux.seccomp.architectures).toHaveLength(1);

  await containers.remove(Id, { force: true });
});
