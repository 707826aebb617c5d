import { readFile } from "node:fs/promises";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";

/** Throws `compose-file-missing`, or `compose-file-invalid` for one that cannot be read. */
export async function readComposeFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const code = hasCode(cause, "ENOENT") ? "compose-file-missing" : "compose-file-invalid";
    const reason = hasCode(cause, "ENOENT") ? "there is no such file" : messageOf(cause);
    throw new RuncibleError(code, `read compose file: ${file}: ${reason}`, { cause, evidence: { file } });
  }
}
