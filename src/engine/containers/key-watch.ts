/** Looks for a sequence of keys in what is typed. */
export interface KeyWatch {
  /** What of the bytes so far is no part of the sequence, and whether all of that was typed. */
  next(chunk: Uint8Array): { readonly passed: Uint8Array; readonly isTyped: boolean };
  /** The begin of the sequence that was typed last, which has not been passed. */
  held(): Uint8Array;
}

/** `keys` is not empty. What may be the begin of it is held back until the next key tells. */
export function createKeyWatch(keys: Uint8Array): KeyWatch {
  let heldCount = 0;
  return {
    next: (chunk) => {
      const bytes = Buffer.concat([keys.subarray(0, heldCount), chunk]);
      const at = bytes.indexOf(keys);
      heldCount = at >= 0 ? 0 : beginAtEnd(bytes, keys);
      return { passed: bytes.subarray(0, at >= 0 ? at : bytes.length - heldCount), isTyped: at >= 0 };
    },
    held: () => keys.subarray(0, heldCount),
  };
}

/** How many of the last bytes are the begin of the keys, which are not all there. */
function beginAtEnd(bytes: Buffer, keys: Uint8Array): number {
  for (let count = Math.min(keys.length - 1, bytes.length); count > 0; count--) {
    if (bytes.subarray(bytes.length - count).equals(keys.subarray(0, count))) return count;
  }
  return 0;
}
