import { describe, expect, test } from "vitest";
import { runCase, type Said } from "../docker-cli/run-case";
import { useTwoDaemons } from "../docker-cli/two-daemons";
import { imageCases, insideCases, lifeCases, resourceCases } from "./cases";

const daemons = useTwoDaemons({ newer: true });

/** Services are worked on at once, and told of as it happens. */
function inAnyOrder(said: readonly Said[]): readonly Said[] {
  return said.map((one) => ({ ...one, stderr: one.stderr.split("\n").sort().join("\n") }));
}

describe.each([
  { about: "life", cases: lifeCases },
  { about: "in containers", cases: insideCases },
  { about: "networks, volumes and settings", cases: resourceCases },
  { about: "images and files", cases: imageCases },
])("docker compose v2, $about:", ({ cases }) => {
  test.each(cases)("$what: printed and ended as with Docker [root only: it starts a dockerd]", async (one) => {
    const [ours, theirs] = await Promise.all([runCase(one, daemons.ours), runCase(one, daemons.theirs)]);

    expect(inAnyOrder(ours)).toEqual(inAnyOrder(theirs));
  });
});
