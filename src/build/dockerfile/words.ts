/** Words between blanks; what stands in quotes or behind an escape stays together, quotes and all. */
export function quotedWords(text: string, escapeMark: string): readonly string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === escapeMark && quote !== "'" && index + 1 < text.length) {
      word += character + (text[index + 1] ?? "");
      index += 1;
      continue;
    }
    if (quote === "" && /\s/.test(character)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    if (quote === character) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
    word += character;
  }
  return word === "" ? words : [...words, word];
}

/** Words between blanks, and nothing else is special. */
export function plainWords(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
