import { afterAll, beforeAll } from "vitest";
import type { TestImageName } from "../../support/image/recipes";
import { pushTestImage } from "../../support/images";
import { type StartRegistryOptions, startRegistry, type TestRegistry } from "../../support/registry/start-registry";

/** Images in a real registry that lives as long as the tests of a file; `nameOf` is what to pull them by. */
export function useServiceImages(
  names: readonly TestImageName[],
  options: StartRegistryOptions = {},
): { nameOf(name: TestImageName): string } {
  let registry: TestRegistry | undefined;
  const references = new Map<TestImageName, string>();
  beforeAll(async () => {
    registry = await startRegistry(options);
    for (const name of names) references.set(name, await pushTestImage(registry, name));
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());
  return { nameOf: (name) => references.get(name) ?? "" };
}
