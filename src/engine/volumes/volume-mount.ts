import { RuncibleError } from "../../internal/errors";

/**
 * What the options of Docker's local driver ask to be mounted as the volume: `type`, `device` and `o`, as mount(8) has
 * them.
 */
export interface VolumeMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

const known = ["type", "device", "o"];

/** Undefined: a folder like any other volume's. Throws `invalid-argument` with Docker's texts. */
export function volumeMountOf(name: string, options: Readonly<Record<string, string>>): VolumeMount | undefined {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new RuncibleError("invalid-argument", `create ${name}: invalid option: "${key}"`);
  }
  const { type, device, o = "" } = options;
  if (type === undefined && device === undefined && o === "") return undefined;
  const missing = Object.entries({ device, type }).find(([, value]) => value === undefined || value === "");
  if (missing !== undefined) {
    throw new RuncibleError("invalid-argument", `create ${name}: missing required option: "${missing[0]}"`);
  }
  return { type: type ?? "none", source: device ?? "", options: o.split(",").filter((option) => option !== "") };
}
