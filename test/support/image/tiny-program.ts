/** A program for 32-bit x86 of 96 bytes that exits with `code`, by the kernel's old way in (int 0x80). */
export function tinyProgram32(code: number): Buffer {
  const load = 0x0804_8000;
  const headers = 84;
  const instructions = Buffer.from([0xb8, 1, 0, 0, 0, 0xbb, code, 0, 0, 0, 0xcd, 0x80]);
  const program = Buffer.alloc(headers + instructions.length);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]).copy(program);
  // elf(5): executable, for the 80386, version 1, entry, program header at 52.
  program.writeUInt16LE(2, 16);
  program.writeUInt16LE(3, 18);
  program.writeUInt32LE(1, 20);
  program.writeUInt32LE(load + headers, 24);
  program.writeUInt32LE(52, 28);
  program.writeUInt16LE(52, 40);
  program.writeUInt16LE(32, 42);
  program.writeUInt16LE(1, 44);
  // One segment, loaded whole, readable and executable.
  const segment = [1, 0, load, load, program.length, program.length, 5, 0x1000];
  for (const [index, value] of segment.entries()) program.writeUInt32LE(value, 52 + 4 * index);
  instructions.copy(program, headers);
  return program;
}
