import { describe, expect, test } from "vitest";
import { containerCases } from "./cases/containers";
import { execCases } from "./cases/exec-logs-cp";
import { imageCases, systemCases } from "./cases/images-system";
import { networkCases, volumeCases } from "./cases/networks-volumes";
import { runCases } from "./cases/run";
import { runCase } from "./run-case";
import { useTwoDaemons } from "./two-daemons";

const daemons = useTwoDaemons();

describe.each([
  { about: "run", cases: runCases },
  { about: "containers", cases: containerCases },
  { about: "in containers", cases: execCases },
  { about: "networks", cases: networkCases },
  { about: "volumes", cases: volumeCases },
  { about: "images", cases: imageCases },
  { about: "the daemon", cases: systemCases },
])("docker, $about:", ({ cases }) => {
  test.each(cases)("$what: printed and ended as with Docker [root only: it starts a dockerd]", async (one) => {
    const [ours, theirs] = await Promise.all([runCase(one, daemons.ours), runCase(one, daemons.theirs)]);

    expect(ours).toEqual(theirs);
  });
});
