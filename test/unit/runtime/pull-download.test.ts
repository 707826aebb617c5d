import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openIngest } from "../../../src/runtime/image/blob-ingest";
import { digestOf } from "../../../src/runtime/image/digest";
import { createDownload } from "../../../src/runtime/pull-download";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-download-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a download whose bytes were wrong is finished with the same reason, not verified again", async () => {
  const arriving = Buffer.from("wrong");
  const descriptor = { mediaType: "", digest: digestOf(Buffer.from("right")), size: arriving.length };
  const ingest = await openIngest(descriptor, {
    partialPath: join(folder, "blob"),
    isResumable: false,
    publish: async () => {},
    onClosed: () => {},
  });
  const repository = {
    async *blob(_descriptor: unknown, offset: number) {
      if (offset < arriving.length) yield arriving.subarray(offset);
    },
  };
  const download = createDownload({ repository, descriptor, onProgress: () => {} }, ingest);
  const { signal } = new AbortController();
  const readAll = async (): Promise<void> => {
    for await (const _chunk of download.bytes(signal)) {
      // Only its end counts.
    }
  };
  await expect(readAll()).rejects.toMatchObject({ code: "digest-mismatch" });

  await expect(download.finish(signal)).rejects.toMatchObject({ code: "digest-mismatch" });
});
