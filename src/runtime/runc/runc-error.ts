import { readFile } from "node:fs/promises";
import { RuncibleError } from "../../internal/errors";

/** runc with `--log-format json` writes one object per line. */
export async function readRuncLog(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  const messages = text.split("\n").flatMap((line) => {
    try {
      const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
      return level === "error" || level === "fatal" ? [String(msg)] : [];
    } catch {
      return [];
    }
  });
  return messages.at(-1) ?? "";
}

const notFound = [/executable file not found/i, /no such file or directory/i];
const notPermitted = [/permission denied/i, /is a directory/i, /exec format error/i];

/** System calls that every runc makes, and that a container around forbids even to a root who may mount. */
const filtered = /(session key|pivot_root \.): operation not permitted/;
const aboutFilter =
  "the container around filters system calls; start it with an option (Docker: --security-opt seccomp=unconfined)";

/** What the kernel answers to a mount of one upon the other. */
const unlike = /mounting .*: not a directory/;
const aboutKinds = "is it a folder where a file is expected, or the other way round?";

/** runc's own text is kept: clients take their exit code from it. */
export function runcError(subject: string, message: string, stderr: string): RuncibleError {
  const text = message || stderr.trim().split("\n").at(-1) || "runc ended without a word";
  const evidence = { runc: text };
  // Only what is said of the command itself decides; a missing mount source is no missing executable.
  const isAboutCommand = /exec: |exec |unable to start container process/.test(text) && !/mount/.test(text);
  if (isAboutCommand && notFound.some((pattern) => pattern.test(text))) {
    return new RuncibleError("executable-not-found", text, { evidence });
  }
  if (isAboutCommand && notPermitted.some((pattern) => pattern.test(text))) {
    return new RuncibleError("executable-not-permitted", text, { evidence });
  }
  const advice = [filtered.test(text) ? `; ${aboutFilter}` : "", unlike.test(text) ? `; ${aboutKinds}` : ""].join("");
  return new RuncibleError("start-failed", `${subject}: ${text}${advice}`, { evidence });
}
