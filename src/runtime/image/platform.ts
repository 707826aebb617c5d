import { RuncibleError } from "../../internal/errors";
import { formatPlatform, matchesPlatform, type Platform } from "../../internal/platform";
import type { Descriptor } from "./descriptor";
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

/** An image that is there must be of the platform that was asked for. Throws `platform-unavailable`, Docker's text. */
export function checkPlatform(name: string, actual: Platform, wanted: Platform): void {
  if (matchesPlatform(actual, wanted)) return;
  throw new RuncibleError(
    "platform-unavailable",
    `image with reference ${name} was found but does not match the specified platform: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(actual)}`,
  );
}
