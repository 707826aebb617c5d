import { afterAll, beforeAll } from "vitest";
import type { EngineClient } from "../../src/client/client";
import { type TestEngine, useTestEngine } from "./engine";

/** The engine of a test file, there while its tests run. */
export interface EngineOfFile {
  readonly client: EngineClient;
  readonly stateFolder: string;
}

/** To be called once, at the top of a test file. Our own engine is used whatever daemon the environment names. */
export function useEngineOfThisFile(settings: Readonly<Record<string, string>> = {}): EngineOfFile {
  let engine: TestEngine | undefined;
  beforeAll(async () => {
    engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", ...settings });
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());
  const current = (): TestEngine => {
    if (engine === undefined) throw new TypeError("no test of this file runs");
    return engine;
  };
  return {
    get client() {
      return current().client;
    },
    get stateFolder() {
      return current().stateFolder;
    },
  };
}
