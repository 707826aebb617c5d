/** What is to be told of a path, in the order in which GNU tar, told to sort by name, comes by. */
export interface MarksInOrder<Mark> {
  add(path: string, mark: Mark): void;
  /** Takes out what belongs before an entry, or with it. */
  upTo(path: string): readonly Mark[];
  /** Takes out what is left. */
  rest(): readonly Mark[];
}

/**
 * Deletions are marked by a device of the deleted name or by a file of another, which tar comes by elsewhere. A layer
 * tells them in one order, whichever way they were marked. Paths are from the root, without a leading slash.
 */
export function createMarksInOrder<Mark>(): MarksInOrder<Mark> {
  let waiting: { readonly place: Buffer; readonly mark: Mark }[] = [];
  const take = (count: number): readonly Mark[] => {
    const taken = waiting.slice(0, count).map(({ mark }) => mark);
    waiting = waiting.slice(count);
    return taken;
  };
  return {
    add(path, mark) {
      const place = placeOf(path);
      let index = waiting.length;
      while (index > 0 && Buffer.compare(waiting[index - 1]?.place ?? place, place) > 0) index -= 1;
      waiting.splice(index, 0, { place, mark });
    },
    upTo(path) {
      if (waiting.length === 0) return [];
      const place = placeOf(path);
      const later = waiting.findIndex((one) => Buffer.compare(one.place, place) > 0);
      return take(later === -1 ? waiting.length : later);
    },
    rest: () => take(waiting.length),
  };
}

/** A folder comes first, then all that is in it, then what is called more than the folder. */
function placeOf(path: string): Buffer {
  return Buffer.from(path.replaceAll("/", "\0"));
}
