import { RuncibleError } from "./errors";

/** OCI image specification, "Platform". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Those of Go, which can stand for a platform alone. */
const architectures: readonly string[] =
  "386 amd64 arm arm64 loong64 mips mipsle mips64 mips64le ppc64 ppc64le riscv64 s390x wasm".split(" ");

/**
 * `linux/amd64`, `linux/arm/v7`, the architecture alone, or `linux` alone, which is that of this machine. Throws
 * `invalid-argument`.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const isAlone = parts.length === 1;
  if (text === "linux") return { os: text, architecture: goName(process.arch) };
  const [os, architecture, variant] = isAlone ? ["linux", ...parts] : parts;
  if (!os || !architecture || parts.length > 3 || (isAlone && !architectures.includes(goName(architecture)))) {
    throw new RuncibleError("invalid-argument", `parse platform "${text}": want for example linux/arm64`);
  }
  return { os, architecture: goName(architecture), ...(variant ? { variant } : {}) };
}

/** Whether images are made for it, by its name in Go. */
export function isArchitecture(name: string): boolean {
  return architectures.includes(name);
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/** Whether an image is for the platform; one variant more or less may still run. */
export function matchesPlatform(image: Platform, wanted: Platform): boolean {
  return image.os === wanted.os && image.architecture === wanted.architecture;
}

function goName(architecture: string): string {
  const aliases: Readonly<Record<string, string>> = {
    x86_64: "amd64",
    aarch64: "arm64",
    armhf: "arm",
    i386: "386",
    x64: "amd64",
    ia32: "386",
  };
  return aliases[architecture] ?? architecture;
}
