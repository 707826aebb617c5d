import type { SourceSpan } from "./instruction";
import type { Statement } from "./statements";

export function spanOf({ line, keyword, rest }: Statement): SourceSpan {
  return { line, text: `${keyword} ${rest}`.trim() };
}
