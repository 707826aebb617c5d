import { afterAll, beforeAll, expect, test } from "vitest";
import { configOf, withoutMountTrace, written } from "../../support/build/compare-images";
import type { DockerfileCase } from "../../support/build/dockerfile-case";
import { dockerfileCases } from "../../support/build/dockerfile-cases";
import { startTwoBuilders, type TwoBuilders } from "../../support/build/two-builders";

// What is too new for the BuildKit of this machine's Docker, beside that of Docker 26. What only `# syntax=` brings, it
// does not have either.

let builders: TwoBuilders;

beforeAll(async () => {
  builders = await startTwoBuilders("trixie");
}, 120_000);
afterAll(() => builders?.[Symbol.asyncDispose]());

const isNew = ({ dockerfile }: DockerfileCase): boolean =>
  /--(mount|link|network|start-interval)\b|<<|^FROM one\b/m.test(dockerfile);
const isKnown = ({ dockerDiffers, buildKitDiffers = "of Docker 20.10" }: DockerfileCase): boolean =>
  dockerDiffers === undefined && buildKitDiffers.startsWith("of Docker 20.10");

// A build waits for its daemon most of the time.
test.concurrent.each(dockerfileCases.filter((given) => isNew(given) && isKnown(given)))(
  "BuildKit of Docker 26: $name [root only: it starts a dockerd]",
  async (given) => {
    const [own, real] = await Promise.all([builders.byUs(given), builders.byBuildKit(given)]);

    expect(written(own)).toEqual(written({ ...real, layers: real.layers.map(withoutMountTrace) }));
    expect(configOf(own)).toEqual(configOf(real));
  },
);
