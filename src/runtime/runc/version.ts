import { installCommand } from "../../internal/debian-packages";
import { hasCode, RuncibleError } from "../../internal/errors";
import { run } from "../../internal/exec";

const oldestMinor = 1;

/** The version of the installed runc. Throws `runc-missing`, `runc-too-old`. */
export async function runcVersion(): Promise<string> {
  const version = parseRuncVersion(await versionText());
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 1 || (major === 1 && minor < oldestMinor)) {
    throw new RuncibleError(
      "runc-too-old",
      `check runc: version ${version} is too old; install 1.1 or newer: ${howTo}`,
    );
  }
  return version;
}

const howTo = installCommand("runc");

export function runcMissing(subject: string, cause?: unknown): RuncibleError {
  return new RuncibleError("runc-missing", `${subject}: runc is not installed; install it: ${howTo}`, { cause });
}

async function versionText(): Promise<string> {
  try {
    return (await run("runc", ["--version"])).stdout;
  } catch (cause) {
    if (!hasCode(cause, "tool-missing")) throw cause;
    throw runcMissing("check runc", cause);
  }
}

/** From the first line, `runc version 1.1.5+ds1`. Throws `runc-too-old` when there is no version in it. */
export function parseRuncVersion(text: string): string {
  const version = /^runc version (\d+\.\d+\.\d+)/m.exec(text)?.[1];
  if (version === undefined) {
    throw new RuncibleError("runc-too-old", `check runc: it does not tell its version; install 1.1 or newer: ${howTo}`);
  }
  return version;
}
