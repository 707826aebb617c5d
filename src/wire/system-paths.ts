const unconfined = /^systempaths[=:]unconfined$/;

/**
 * `systempaths=unconfined` is a word of Docker's command line, which tells the daemon by two empty lists; the daemon
 * itself refuses it. So does whoever takes such options from a user. Pure.
 */
export function withSystemPaths(options: readonly string[]): {
  readonly SecurityOpt: string[];
  readonly MaskedPaths?: string[];
  readonly ReadonlyPaths?: string[];
} {
  const SecurityOpt = options.filter((option) => !unconfined.test(option));
  return SecurityOpt.length === options.length ? { SecurityOpt } : { SecurityOpt, MaskedPaths: [], ReadonlyPaths: [] };
}
