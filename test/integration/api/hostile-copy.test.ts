import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { tarOf } from "../layer/layer-fixture";
import { busyboxImage } from "./busybox-image";

/** Copies in each direction while the container swaps a folder for a link out of it. */
const rounds = 150;
/** When until then no copy has met a swap, or every one has: the container gets its share of a busy machine late. */
const mostRounds = 40 * rounds;
const secret = "what only the host may read";

const engine = useEngineOfThisFile();
let host: string;

beforeAll(async () => {
  host = await mkdtemp(join(tmpdir(), "runcible-canary-"));
  await writeFile(join(host, "file"), secret);
  await mkdir(join(host, "sub"));
  await writeFile(join(host, "sub/file"), secret);
});
afterAll(() => rm(host, { recursive: true, force: true }));

/** In /work, `d` is a folder for half of the time, and a link to the host's folder for the other half. */
async function startSwapping(client: EngineClient): Promise<string> {
  const script = [
    `mkdir -p /work/d/sub && cd /work && echo inside > d/file && echo inside > d/sub/file && ln -s ${host} l`,
    "while :; do mv d e; mv l d; mv d l; mv e d; done",
  ].join("\n");
  const { Id: id } = await client.containers.create({ Image: await busyboxImage(), Cmd: ["sh", "-c", script] });
  await client.containers.start(id);
  return id;
}

async function read(client: EngineClient, id: string, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await client.containers.getArchive(id, path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

interface Tally {
  done: number;
  failed: number;
}

/** Several at a time, until there were enough; a copy may fail, as the folder comes and goes. */
async function hammer(attempt: (round: number) => Promise<unknown>): Promise<Tally> {
  const tally: Tally = { done: 0, failed: 0 };
  let next = 0;
  const isEnough = (round: number): boolean =>
    round >= mostRounds || (round >= rounds && tally.done > 0 && tally.failed > 0);
  const worker = async (): Promise<void> => {
    for (let round = next++; !isEnough(round); round = next++) {
      await attempt(round).then(
        () => tally.done++,
        () => tally.failed++,
      );
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  return tally;
}

test("a container that swaps a folder for a link while it is copied from shows nothing of the host", async () => {
  const { client } = engine;
  const id = await startSwapping(client);
  const seen: string[] = [];
  const paths = ["/work/d/sub/file", "/work/d/.", "/work"];

  const tally = await hammer(async (round) => seen.push(await read(client, id, paths[round % 3] ?? "/work")));

  await client.containers.remove(id, { force: true });
  expect(seen.filter((tar) => tar.includes(secret))).toEqual([]);
  expect(seen.some((tar) => tar.includes("inside"))).toBe(true);
  // Otherwise nothing was swapped under a copy.
  expect(tally.failed).toBeGreaterThan(0);
});

test("a container that swaps a folder for a link while it is copied into gets nothing onto the host", async () => {
  const { client } = engine;
  const id = await startSwapping(client);
  const tarFor = (round: number): Buffer =>
    tarOf([
      { name: `planted-${round}`, data: "x" },
      { name: "d/sub", type: "5" },
      { name: `d/sub/planted-${round}`, data: "x" },
      { name: `d/link-${round}`, type: "2", linkName: "x" },
    ]);

  const tally = await hammer((round) =>
    client.containers.putArchive(id, round % 2 === 0 ? "/work/d" : "/work", Readable.from([tarFor(round)])),
  );

  await client.containers.remove(id, { force: true });
  expect((await readdir(host, { recursive: true })).sort()).toEqual(["file", "sub", "sub/file"]);
  expect(tally.done).toBeGreaterThan(0);
  expect(tally.failed).toBeGreaterThan(0);
});
