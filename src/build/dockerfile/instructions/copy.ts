import { jsonWords } from "../command-form";
import { type Flags, readFlags } from "../flags";
import { parseHeredoc } from "../heredoc";
import type { CopyInstruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";
import { plainWords } from "../words";

const sharedFlags = ["chown", "chmod", "link", "exclude"] as const;

/** `COPY [flags] source… target`, also as a JSON list. */
export function parseCopy(statement: Statement): CopyInstruction {
  return copyOf("COPY", statement, readFlags(statement, [...sharedFlags, "from", "parents"]));
}

/** `ADD [flags] source… target`: sources may be URLs. */
export function parseAdd(statement: Statement): CopyInstruction {
  const flags = readFlags(statement, [...sharedFlags, "checksum", "keep-git-dir", "unpack"]);
  const unpack = flags.boolean("unpack");
  const instruction = copyOf("ADD", statement, flags);
  return unpack === undefined ? instruction : { ...instruction, unpack };
}

function copyOf(kind: "COPY" | "ADD", statement: Statement, flags: Flags): CopyInstruction {
  const words = jsonWords(flags.rest, statement) ?? plainWords(flags.rest);
  const target = words.at(-1);
  if (target === undefined || words.length < 2) {
    throw syntaxError(statement.line, `${kind} requires at least two arguments, but only ${words.length} was provided`);
  }
  const optional = Object.fromEntries(
    (["from", "chown", "chmod", "checksum"] as const).flatMap((name) => {
      const value = flags.text(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    kind,
    ...spanOf(statement),
    sources: words.slice(0, -1).filter((word) => parseHeredoc(word) === undefined),
    heredocs: statement.heredocs,
    target,
    ...optional,
    keepsParents: flags.boolean("parents") ?? false,
    isLinked: flags.boolean("link") ?? false,
    excludes: flags.texts("exclude"),
  };
}
