import { afterAll, beforeAll } from "vitest";
import type { EngineClient } from "../../src/client/client";
import { type SharedEngine, useEngineOfSuite, useTestEngine } from "./engine";

/** The engine of a test file, there while its tests run. */
export interface EngineOfFile {
  readonly client: EngineClient;
  readonly stateFolder: string;
}

/**
 * To be called once, at the top of a test file: our own engine, whatever daemon the environment names. It is the one of
 * the suite, which other files have used.
 */
export function useEngineOfThisFile(): EngineOfFile {
  return duringThisFile(() => useEngineOfSuite(ourOwn));
}

/** As `useEngineOfThisFile`, with an engine that nobody else has used. */
export function useNewEngineOfThisFile(settings: Readonly<Record<string, string>> = {}): EngineOfFile {
  return duringThisFile(() => useTestEngine({ ...ourOwn, ...settings }));
}

const ourOwn = { DOCKER_HOST: "", RUNCIBLE_HOST: "" };

function duringThisFile(use: () => SharedEngine | Promise<SharedEngine>): EngineOfFile {
  let engine: SharedEngine | undefined;
  beforeAll(async () => {
    engine = await use();
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());
  const current = (): SharedEngine => {
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
