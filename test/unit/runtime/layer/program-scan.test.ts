import { expect, test } from "vitest";
import { createProgramScan } from "../../../../src/runtime/layer/program-scan";

const elf = (bits: 32 | 64): Buffer => Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits === 32 ? 1 : 2, 1, 1, 0]);

/** Each file as the pieces it comes in. */
function finds(...files: readonly (readonly Buffer[])[]): boolean {
  const scan = createProgramScan();
  for (const pieces of files) {
    scan.begin();
    for (const piece of pieces) scan.push(piece);
  }
  return scan.has32BitPrograms;
}

test("a 32-bit program is found, also when its first bytes come one by one", () => {
  expect(finds([elf(64)], [elf(32)], [elf(64)])).toBe(true);
  expect(finds([...elf(32)].map((byte) => Buffer.of(byte)))).toBe(true);
});

test.each([
  ["a 64-bit program", [elf(64)]],
  ["a text with the same bytes later on", [Buffer.from("x"), elf(32)]],
  ["a file that ends early", [elf(32).subarray(0, 4)]],
  ["an empty file", []],
])("%s is none", (_, pieces) => {
  expect(finds(pieces, [Buffer.of(1)])).toBe(false);
});
