import { type TestFunction, test } from "vitest";
import { ownUserNamespace } from "../../src/internal/user-namespace";

/** Root of the machine, not of a user namespace: see the two ways in which .ci/test runs the suites. */
export const isMachineRoot: boolean = process.getuid?.() === 0 && ownUserNamespace().isInitial;

/** A test that cannot hold for an ordinary user; `why` becomes part of its name. */
export function rootTest(name: string, why: string, body: TestFunction): void {
  if (isMachineRoot) test(`${name} [root only: ${why}]`, body);
}

/** A test that cannot hold for root; `why` becomes part of its name. */
export function userTest(name: string, why: string, body: TestFunction): void {
  if (!isMachineRoot) test(`${name} [ordinary user only: ${why}]`, body);
}
