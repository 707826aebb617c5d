import { RuncibleError } from "../../internal/errors";
import type { Descriptor, Platform } from "./descriptor";
import type { ImageIndex } from "./manifest";

/** Node's names of architectures to Go's, which images use. */
const architectures: Readonly<Record<string, Omit<Platform, "os">>> = {
  x64: { architecture: "amd64" },
  arm64: { architecture: "arm64", variant: "v8" },
  arm: { architecture: "arm", variant: "v7" },
  ia32: { architecture: "386" },
  ppc64: { architecture: "ppc64le" },
  s390x: { architecture: "s390x" },
  riscv64: { architecture: "riscv64" },
};

export function hostPlatform(): Platform {
  return { os: "linux", ...(architectures[process.arch] ?? { architecture: process.arch }) };
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

/** The image of an index that runs here: same variant first, then one without or with another. */
export function choosePlatform(index: ImageIndex, wanted: Platform): Descriptor | undefined {
  const candidates = index.manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  return (
    candidates.find(({ platform }) => platform?.variant === wanted.variant) ??
    candidates.find(({ platform }) => platform?.variant === undefined) ??
    candidates[0]
  );
}

export function matchesPlatform(image: Platform, wanted: Platform): boolean {
  return image.os === wanted.os && image.architecture === wanted.architecture;
}

function goName(architecture: string): string {
  const aliases: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", armhf: "arm", i386: "386" };
  return aliases[architecture] ?? architecture;
}
