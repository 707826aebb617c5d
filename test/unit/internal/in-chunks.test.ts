import { expect, test } from "vitest";
import { inChunks } from "../../../src/internal/in-chunks";

async function chunksOf(pieces: readonly string[], chunkBytes: number): Promise<readonly string[]> {
  const chunks: string[] = [];
  for await (const chunk of inChunks(
    pieces.map((piece) => Buffer.from(piece)),
    chunkBytes,
  )) {
    chunks.push(chunk.toString());
  }
  return chunks;
}

test.each([
  [["a", "b", "c", "d", "e"], 2, ["ab", "cd", "e"]],
  [["a", "bcdef", "g"], 3, ["abcdef", "g"]],
  [["", "ab", ""], 2, ["ab"]],
  [[], 2, []],
])("%j in chunks of %d bytes and more are %j", async (pieces, chunkBytes, chunks) => {
  expect(await chunksOf(pieces, chunkBytes)).toEqual(chunks);
});
