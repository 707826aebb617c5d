import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheCases, refusedMounts, secretCases, tmpfsCases } from "../../support/build/run-mount-cases";
import type { SavedImage } from "../../support/build/saved-image";
import { startTwoBuilders, type TwoBuilders } from "../../support/build/two-builders";

// What mounts of RUN are for its command, beside the BuildKit of Docker 28, the first in Debian that knows secrets as
// variables.

let builders: TwoBuilders;
let secrets: readonly string[];
/** Ours and BuildKit's. */
let built: readonly SavedImage[];

beforeAll(async () => {
  builders = await startTwoBuilders("sid");
  await writeFile(join(builders.folder, "token"), "s3cr3t\n");
  secrets = ["token", "some/token"].map((id) => `id=${id},src=${join(builders.folder, "token")}`);
  const given = { dockerfile: `${before}${whole}`, secrets };
  built = [await builders.byUs(given), await builders.byBuildKit(given)];
}, 180_000);
afterAll(() => builders?.[Symbol.asyncDispose]());

const before = "FROM bb AS one\nRUN mkdir -m 750 /d && echo 1 >/d/f && chown 3:4 /d /d/f\nFROM bb\n";

const cases = Object.entries({ secret: secretCases, cache: cacheCases, tmpfs: tmpfsCases }).flatMap(([type, table]) =>
  Object.entries(table).map(([name, lines]) => ({ name: `${type} ${name}`, lines })),
);

/** One image of all, for each build of its own takes a second. */
const whole = cases
  .map(({ lines }, index) => `USER root\nWORKDIR /\n${lines.replaceAll("/out", `/out${index}`)}\n`)
  .join("");

test.each(cases.map((given, index) => ({ ...given, index })))(
  "a $name is as with BuildKit [root only: it starts a dockerd]",
  ({ index }) => {
    const [own, real] = built.map((image) => outOf(image, `out${index}`));

    expect(own).toEqual(expect.any(String));
    expect(own).toBe(real);
  },
);

test.each(Object.entries(refusedMounts))(
  "%s is refused as by BuildKit [root only: it starts a dockerd]",
  async (_, line) => {
    const given = { dockerfile: `${before}${line}\n`, secrets };

    const results = await Promise.allSettled([builders.byUs(given), builders.byBuildKit(given)]);

    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  },
);

/**
 * Two builds at once: each waits in a shared cache for the other's mark, so they overlap unless something keeps them
 * apart.
 */
const meeting = (mine: string, other: string, mount: string, command: string): string =>
  [
    "FROM bb",
    `RUN --mount=type=cache,id=meeting,target=/m ${mount} touch /m/${mine} && until test -e /m/${other}; do usleep 20000; done && ${command}`,
  ].join("\n");

test.each(["byUs", "byBuildKit"] as const)(
  "%s, a shared cache is one for two builds at once [root only: it starts a dockerd]",
  async (by) => {
    const mount = "--mount=type=cache,id=shared,target=/c,sharing=shared";
    const put = (mine: string, other: string): string =>
      meeting(
        mine,
        other,
        mount,
        `touch /c/${mine} && until test -e /c/${other}; do usleep 20000; done && ls /c >/out`,
      );

    const images = await Promise.all(
      [
        ["s1", "s2"],
        ["s2", "s1"],
      ].map(([mine = "", other = ""]) => builders[by]({ dockerfile: put(mine, other) })),
    );

    expect(images.map((image) => outOf(image))).toEqual(["s1|s2", "s1|s2"]);
  },
);

test.each(["byUs", "byBuildKit"] as const)(
  "%s, a private cache is each one's own for two builds at once [root only: it starts a dockerd]",
  async (by) => {
    const mount = "--mount=type=cache,id=private,target=/c,sharing=private";
    const put = (mine: string, other: string): string =>
      meeting(
        mine,
        other,
        mount,
        `touch /c/${mine} && touch /m/${mine}-put && until test -e /m/${other}-put; do usleep 20000; done && ls /c >/out`,
      );

    const images = await Promise.all(
      [
        ["p1", "p2"],
        ["p2", "p1"],
      ].map(([mine = "", other = ""]) => builders[by]({ dockerfile: put(mine, other) })),
    );

    expect(images.map((image) => outOf(image))).toEqual(["p1", "p2"]);
  },
);

test.each(["byUs", "byBuildKit"] as const)(
  "%s, a locked cache is had by one of two builds at a time [root only: it starts a dockerd]",
  async (by) => {
    const mount = "--mount=type=cache,id=locked,target=/c,sharing=locked";
    // Whoever comes while the other is in finds its folder, and fails.
    const alone = (mine: string): string =>
      `FROM bb\nRUN ${mount} mkdir /c/in && seq 20000 >/dev/null && rmdir /c/in && touch /c/${mine} && ls /c >/out\n`;

    const images = await Promise.all(["l1", "l2"].map((mine) => builders[by]({ dockerfile: alone(mine) })));

    const found = images.map((image) => outOf(image)).sort((one = "", other = "") => one.length - other.length);
    expect(found).toEqual([expect.stringMatching(/^l[12]$/), "l1|l2"]);
  },
);

/** What a step saw. */
function outOf(image: SavedImage, name = "out"): string | undefined {
  const isIt = new RegExp(`[ /]${name} = (.*)$`);
  return image.layers
    .flat()
    .map((line) => isIt.exec(line)?.[1])
    .findLast((found) => found !== undefined);
}
