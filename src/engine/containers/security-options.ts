import { RuncibleError } from "../../internal/errors";
import type { OciSeccomp } from "../../runtime/runc/oci-spec";

export interface SecurityOptions {
  readonly seccomp: "default" | "unconfined" | OciSeccomp;
  readonly noNewPrivileges: boolean;
  /** `unconfined` or the name of a profile. Undefined: the engine's own. */
  readonly appArmor: string | undefined;
}

/**
 * Docker's `SecurityOpt`: `seccomp=unconfined`, `seccomp=<profile as JSON>`, `no-new-privileges[:true]`,
 * `apparmor=unconfined`, `apparmor=<profile>`. SELinux options are accepted and without effect: this engine does not
 * use it. Throws `invalid-argument`.
 */
export function securityOf(options: readonly string[]): SecurityOptions {
  let result: SecurityOptions = { seccomp: "default", noNewPrivileges: false, appArmor: undefined };
  for (const option of options) {
    const [, key = option, value = ""] = /^([a-z-]+)[=:](.*)$/s.exec(option) ?? [];
    switch (key) {
      case "seccomp":
        result = { ...result, seccomp: seccompOf(value) };
        break;
      case "no-new-privileges":
        if (!["", "true", "false"].includes(value)) throw invalidOption(option);
        result = { ...result, noNewPrivileges: value !== "false" };
        break;
      case "apparmor":
        result = { ...result, appArmor: value };
        break;
      case "label":
      case "disable":
        break;
      case "systempaths":
        throw new RuncibleError(
          "invalid-argument",
          `invalid --security-opt 2: "${option}"; send empty lists as MaskedPaths and ReadonlyPaths, as the docker CLI does`,
        );
      default:
        throw invalidOption(option);
    }
  }
  return result;
}

function invalidOption(option: string): RuncibleError {
  return new RuncibleError("invalid-argument", `invalid --security-opt 2: "${option}"`);
}

function seccompOf(value: string): SecurityOptions["seccomp"] {
  if (value === "unconfined") return "unconfined";
  if (value === "" || value === "builtin" || value === "default") return "default";
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new RuncibleError(
      "invalid-argument",
      "read seccomp profile: it is no JSON; give the profile itself, not a path",
      {
        cause,
      },
    );
  }
}
