/** A mount in the long form of the specification, paths as they were written. */
export interface LongVolume {
  readonly type: "bind" | "volume";
  readonly source?: string;
  readonly target: string;
  readonly read_only?: true;
  readonly bind?: { readonly create_host_path: true; readonly propagation?: string; readonly selinux?: string };
  readonly volume?: { readonly nocopy?: true };
}

const propagations = /^r?(private|shared|slave)$/;
const withoutEffect = /^(rw|cached|delegated|consistent)$/;

/** Reads `TARGET`, `SOURCE:TARGET` and `SOURCE:TARGET:MODE`; what is wrong comes back as text. */
export function readShortVolume(text: string): LongVolume | string {
  const [first = "", second, modes = "", ...more] = text.split(":");
  if (first === "" || second === "" || more.length > 0) return "it must be [SOURCE:]TARGET[:MODE]";
  if (second === undefined) return first.startsWith("/") ? { type: "volume", target: first, volume: {} } : notAbsolute;
  if (!second.startsWith("/")) return notAbsolute;
  const words = modes.split(",").filter((word) => word !== "");
  const isBind = /^[./~]/.test(first);
  const unknown = words.find(
    (word) => !withoutEffect.test(word) && !propagations.test(word) && !["ro", "z", "Z", "nocopy"].includes(word),
  );
  if (unknown !== undefined) return `"${unknown}" is no mode of a mount`;
  const shared = { source: first, target: second, ...(words.includes("ro") ? { read_only: true as const } : {}) };
  if (!isBind) return { type: "volume", ...shared, volume: words.includes("nocopy") ? { nocopy: true } : {} };
  const propagation = words.find((word) => propagations.test(word));
  const selinux = words.find((word) => /^z$/i.test(word));
  return {
    type: "bind",
    ...shared,
    bind: {
      create_host_path: true,
      ...(propagation === undefined ? {} : { propagation }),
      ...(selinux === undefined ? {} : { selinux }),
    },
  };
}

const notAbsolute = "the path in the container must be absolute";
