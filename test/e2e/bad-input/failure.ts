import { expect } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import type { GenericContainer, RuncibleError } from "../../../src/index";

/** The error of a start that must fail. */
export async function failureOf(container: GenericContainer): Promise<RuncibleError> {
  return container.start().then(
    async (started) => {
      await started.stop();
      return expect.fail("it started");
    },
    (error: RuncibleError) => error,
  );
}

/** No container, no volume: whatever was begun is undone. */
export async function expectNothingMade({ containers, volumes }: EngineClient): Promise<void> {
  expect(await containers.list({ all: true })).toEqual([]);
  expect(await volumes.list()).toEqual([]);
}
