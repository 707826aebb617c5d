/** `${value#pattern}`, and `##` with `isGreedy`. */
export function removePrefix(value: string, pattern: string, isGreedy: boolean): string {
  return value.replace(new RegExp(`^(?:${regExpOf(pattern, isGreedy)})`, "s"), "");
}

/** `${value%pattern}`, and `%%` with `isGreedy`. */
export function removeSuffix(value: string, pattern: string, isGreedy: boolean): string {
  // A pattern matches from the left; the shortest end is found by trying the starts from the right.
  const starts = Array.from({ length: value.length + 1 }, (_, index) => (isGreedy ? index : value.length - index));
  const whole = new RegExp(`^(?:${regExpOf(pattern, true)})$`, "s");
  const start = starts.find((index) => whole.test(value.slice(index)));
  return start === undefined ? value : value.slice(0, start);
}

/** `${value/pattern/replacement}`, and `//` with `isAll`. */
export function replacePattern(value: string, pattern: string, replacement: string, isAll: boolean): string {
  if (pattern === "") return value;
  return value.replace(new RegExp(regExpOf(pattern, true), isAll ? "gs" : "s"), () => replacement);
}

function regExpOf(pattern: string, isGreedy: boolean): string {
  let out = "";
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] ?? "";
    if (character === "*" && pattern[index + 1] === "*") continue;
    if (character === "*") out += isGreedy ? ".*" : ".*?";
    else if (character === "?") out += ".";
    else if (character === "\\" && index + 1 < pattern.length) {
      index += 1;
      out += literal(pattern[index] ?? "");
    } else out += literal(character);
  }
  return out;
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
