import { readFlags } from "../flags";
import type { FromInstruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";
import { plainWords } from "../words";

/** `FROM [--platform=P] image [AS name]` */
export function parseFrom(statement: Statement): FromInstruction {
  const flags = readFlags(statement, ["platform"]);
  const [image, as, name, ...more] = plainWords(flags.rest);
  if (image === undefined || more.length > 0 || (as !== undefined && (as.toUpperCase() !== "AS" || !name))) {
    throw syntaxError(statement.line, "FROM requires either one or three arguments");
  }
  if (name !== undefined && !/^[a-z][a-z0-9._-]*$/i.test(name)) {
    throw syntaxError(
      statement.line,
      `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
    );
  }
  const platform = flags.text("platform");
  return {
    kind: "FROM",
    ...spanOf(statement),
    image,
    ...(name === undefined ? {} : { name: name.toLowerCase() }),
    ...(platform === undefined ? {} : { platform }),
  };
}
