import { RuncibleError } from "./errors";

/** OCI image specification, "Platform". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** `linux/amd64`, `linux/arm/v7`, or the architecture alone. Throws `invalid-argument`. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const [os, architecture, variant] = parts.length === 1 ? ["linux", ...parts] : parts;
  if (!os || !architecture || parts.length > 3) {
    throw new RuncibleError("invalid-argument", `parse platform "${text}": want for example linux/arm64`);
  }
  return { os, architecture: goName(architecture), ...(variant ? { variant } : {}) };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/** Whether an image is for the platform; one variant more or less may still run. */
export function matchesPlatform(image: Platform, wanted: Platform): boolean {
  return image.os === wanted.os && image.architecture === wanted.architecture;
}

function goName(architecture: string): string {
  const aliases: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", armhf: "arm", i386: "386" };
  return aliases[architecture] ?? architecture;
}
