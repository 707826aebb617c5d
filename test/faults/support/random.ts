/** Numbers that look random and are the same for the same seed, so that a failure can be had again. */
export interface Random {
  readonly seed: number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
}

/** The seed of RUNCIBLE_FAULT_SEED, else a new one; printed, as a failure must be repeatable. */
export function seededRandom(what: string): Random {
  const chosen = process.env["RUNCIBLE_FAULT_SEED"];
  const seed = chosen ? Number(chosen) : Math.floor(Math.random() * 2 ** 32);
  process.stdout.write(`${what}: RUNCIBLE_FAULT_SEED=${seed}\n`);
  let state = seed;
  // Weyl sequence with a mix of its bits (splitmix32).
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return { seed, below, pick: (values) => values[below(values.length)] ?? values[0] };
}
