/** Looks for programs and libraries of a 32-bit machine among files that flow by. */
export interface ProgramScan {
  /** A file begins. */
  begin(): void;
  push(piece: Uint8Array): void;
  readonly has32BitPrograms: boolean;
}

/** elf(5): the magic number, then the class; 1 is that of 32-bit machines. */
const elf32 = [0x7f, 0x45, 0x4c, 0x46, 1];

export function createProgramScan(): ProgramScan {
  let has32BitPrograms = false;
  /** Bytes of the file seen that fit; beyond the last one nothing of it matters. */
  let matched = 0;
  let isOver = true;
  return {
    get has32BitPrograms() {
      return has32BitPrograms;
    },
    begin: () => {
      matched = 0;
      isOver = has32BitPrograms;
    },
    push: (piece) => {
      for (let index = 0; !isOver && index < piece.length; index++) {
        isOver = piece[index] !== elf32[matched];
        if (isOver) return;
        matched += 1;
        if (matched < elf32.length) continue;
        has32BitPrograms = true;
        isOver = true;
      }
    },
  };
}
