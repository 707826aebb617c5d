/**
 * Splits a command as a shell does: blanks, quotes, backslashes; nothing is expanded. Undefined: a quote is not closed.
 */
export function shellWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  const pattern = /\s+|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)|([\s\S])/g;
  for (const [whole, single, double, escaped, bare, unmatched] of text.matchAll(pattern)) {
    if (unmatched !== undefined) return undefined;
    if (/^\s/.test(whole)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word = (word ?? "") + (single ?? double?.replaceAll(/\\([$`"\\\n])/g, "$1") ?? escaped ?? bare ?? "");
  }
  return word === undefined ? words : [...words, word];
}
