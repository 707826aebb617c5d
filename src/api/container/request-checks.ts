import { RuncibleError } from "../../internal/errors";
import {
  checkedAbsolutePath,
  checkedChoice,
  checkedInteger,
  checkedMode,
  checkedPort,
  checkedText,
  checkedTextMap,
} from "../checks";
import { getContainerPort, getProtocol, hasHostBinding, type PortWithOptionalBinding } from "../ports/port";
import type { Content, Environment } from "./types";

/** Numbers and booleans become texts. Throws `invalid-argument` for a name that no variable can have. */
export function checkedEnvironment(environment: Environment): Environment {
  const checked = checkedTextMap(environment, "the environment");
  for (const name of Object.keys(checked)) {
    if (!name.includes("=")) continue;
    throw new RuncibleError(
      "invalid-argument",
      `set the environment: "${name}" has a =, which no name of a variable has`,
    );
  }
  return checked;
}

/** Throws `invalid-argument`. */
export function checkExposed(port: PortWithOptionalBinding): void {
  checkedPort(getContainerPort(port), "a port to expose");
  checkedChoice(getProtocol(port), ["tcp", "udp"], "the protocol of a port to expose");
  if (hasHostBinding(port)) checkedInteger(port.host, "the host port of a port to expose", { min: 0, max: 65_535 });
}

/** Throws `invalid-argument`. */
export function checkCopy(
  { target, mode }: { readonly target: string; readonly mode?: number | undefined },
  source: string,
): void {
  checkedText(source, "the source of a copy");
  checkedAbsolutePath(target, `the target of the copy of ${source}`);
  checkedMode(mode, `the mode of the copy of ${source}`);
}

/** Throws `invalid-argument`. */
export function checkContent(content: Content, target: string): void {
  const isStream = typeof content === "object" && content !== null && "pipe" in content;
  if (typeof content === "string" || isStream || content instanceof Uint8Array) return;
  throw new RuncibleError("invalid-argument", `set the content of ${target}: it is no text, no bytes and no stream`);
}
