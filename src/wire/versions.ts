import { RuncibleError } from "../internal/errors";

/** A version of the Docker Engine API, `1.45`. Major is always 1. */
export interface ApiVersion {
  readonly major: number;
  readonly minor: number;
}

export const apiVersion: ApiVersion = { major: 1, minor: 45 };
export const minApiVersion: ApiVersion = { major: 1, minor: 24 };

export function formatVersion({ major, minor }: ApiVersion): string {
  return `${major}.${minor}`;
}

/** Undefined if `text` is no version. */
export function parseVersion(text: string): ApiVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})$/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

export function isAtLeast(version: ApiVersion, minor: number): boolean {
  return version.major > 1 || (version.major === 1 && version.minor >= minor);
}

/** Throws Docker's texts for what is too old or too new. */
export function checkVersion(version: ApiVersion): void {
  if (compare(version, apiVersion) > 0) {
    throw new RuncibleError(
      "invalid-argument",
      `client version ${formatVersion(version)} is too new. Maximum supported API version is ${formatVersion(apiVersion)}`,
    );
  }
  if (compare(version, minApiVersion) < 0) {
    throw new RuncibleError(
      "invalid-argument",
      `client version ${formatVersion(version)} is too old. Minimum supported API version is ${formatVersion(minApiVersion)}, please upgrade your client to a newer version`,
    );
  }
}

function compare(left: ApiVersion, right: ApiVersion): number {
  return left.major - right.major || left.minor - right.minor;
}
