/** What a reader of a stream of bytes is to be given next. */
export type Want =
  /** So many bytes in one piece; the piece is the reader's to keep only as long as `next` runs. */
  | { readonly kind: "whole"; readonly bytes: number; readonly next: (piece: Buffer) => Want }
  /** So many bytes as they come, at least one. */
  | {
      readonly kind: "pieces";
      readonly bytes: number;
      readonly each: (piece: Buffer) => void;
      readonly next: () => Want;
    }
  /** Whatever comes, it says nothing. */
  | { readonly kind: "nothing" };

/** Hands a stream to who reads it, in the pieces that are wanted, whatever chunks it comes in. */
export interface WantReader {
  push(chunk: Buffer): void;
  /** What is wanted now, and how much of it is there (`whole`) or lacks (`pieces`). */
  state(): { readonly kind: Want["kind"]; readonly held: number; readonly missing: number };
}

export function createWantReader(first: Want): WantReader {
  let want = first;
  let rest: Buffer = Buffer.alloc(0);
  /** Of `pieces`. */
  let missing = 0;

  const turnTo = (following: Want): void => {
    want = following;
    missing = following.kind === "pieces" ? following.bytes : 0;
  };

  const take = (length: number): Buffer => {
    const piece = rest.subarray(0, length);
    rest = rest.subarray(length);
    return piece;
  };

  /** Whether there may be more to do with what is here. */
  const advance = (): boolean => {
    switch (want.kind) {
      case "whole":
        if (rest.length < want.bytes) return false;
        turnTo(want.next(take(want.bytes)));
        return true;
      case "pieces": {
        if (rest.length === 0) return false;
        const piece = take(Math.min(missing, rest.length));
        missing -= piece.length;
        want.each(piece);
        if (missing === 0) turnTo(want.next());
        return true;
      }
      case "nothing":
        take(rest.length);
        return false;
    }
  };

  turnTo(first);
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (advance()) {
        // Each turn hands over one piece.
      }
      // A view on the chunk would keep the whole of it.
      if (rest.length > 0) rest = Buffer.from(rest);
    },
    state: () => ({ kind: want.kind, held: rest.length, missing }),
  };
}
