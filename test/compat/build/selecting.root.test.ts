import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { type DockerfileCase, withContext } from "../../support/build/dockerfile-case";
import { imageOfArchive, type SavedImage } from "../../support/build/saved-image";
import {
  excludingLines,
  ownedStage,
  parentsLines,
  refusedLines,
  type SelectingLines,
  selectingFiles,
} from "../../support/build/selecting-lines";
import { startTwoBuilders, type TwoBuilders } from "../../support/build/two-builders";
import { newerBuildah } from "../../support/newer-buildah";

// --exclude and --parents came late: the BuildKit of Docker 28 knows the first of them, buildah 1.43 both. What each
// makes of a Dockerfile is compared layer by layer with what this engine makes.

let builders: TwoBuilders;
let buildahProgram: string;
/** Made of all lines of a table at once, each in a folder of its own. */
let built: Readonly<Record<"excluding" | "parents", { readonly own: SavedImage; readonly real: SavedImage }>>;

beforeAll(async () => {
  builders = await startTwoBuilders("sid");
  buildahProgram = await newerBuildah();
  await buildah("pull", `docker-archive:${join(builders.folder, "image.tar")}`);
  built = {
    excluding: { own: await byUs(wholeOf(excludingLines)), real: await byBuildKit(wholeOf(excludingLines)) },
    parents: { own: await byUs(wholeOf(parentsLines)), real: await byBuildah(wholeOf(parentsLines)) },
  };
}, 180_000);
afterAll(() => builders?.[Symbol.asyncDispose]());

function wholeOf(tables: readonly SelectingLines[]): string {
  return tables.map(({ lines }, index) => lines.replaceAll(/ \/d(?=\/|$)/gm, ` /case${index}`)).join("\n");
}

test.each(excludingLines.map((given, index) => ({ ...given, index })))(
  "as BuildKit of Docker 28, --exclude leaves out $name [root only: it starts a dockerd]",
  ({ index, differs }) => expectAlike(built.excluding, index, differs),
);

test.each(parentsLines.map((given, index) => ({ ...given, index })))(
  "as buildah 1.43, --parents keeps the folders of $name [root only: as an ordinary user, buildah loses set-id bits]",
  ({ index, differs }) => {
    const { own, real } = built.parents;
    expectAlike({ own: squashed(own), real }, index, differs);
  },
);

test.each(refusedLines.excluding)(
  "--exclude of $name is refused as by BuildKit [root only: it starts a dockerd]",
  (given) => expectRefused(given, byBuildKit),
);

test.each(refusedLines.parents)(
  "--parents: $name is refused as by buildah [root only: it has a folder for root's]",
  (given) => expectRefused(given, byBuildah),
);

/** Of a difference that is there for a reason, whether it still is. */
function expectAlike({ own, real }: (typeof built)["parents"], index: number, differs: string | undefined): void {
  const [ours, theirs] = [own, real].map(({ layers }) => ofCase(layers, index));
  expect(ours?.flat().length).toBeGreaterThan(0);
  if (differs === undefined) expect(ours).toEqual(theirs);
  else expect(ours, differs).not.toEqual(theirs);
}

/** One layer of all: buildah takes seconds for each. */
function squashed(image: SavedImage): SavedImage {
  const pathOf = (entry: string): string => entry.split(" ")[2] ?? "";
  const entries = new Map(image.layers.flat().map((entry) => [pathOf(entry), entry]));
  return { ...image, layers: [[...entries.values()].sort((one, other) => (pathOf(one) < pathOf(other) ? -1 : 1))] };
}

/** What each layer has in the folder of a case. */
function ofCase(layers: SavedImage["layers"], index: number): readonly (readonly string[])[] {
  const inFolder = new RegExp(` case${index}(/| = |$)`);
  return layers.map((entries) => entries.filter((entry) => inFolder.test(entry))).filter(({ length }) => length > 0);
}

async function expectRefused({ lines }: SelectingLines, build: (lines: string) => Promise<SavedImage>): Promise<void> {
  await expect(byUs(lines)).rejects.toThrow(/exit code/);
  await expect(build(lines)).rejects.toThrow(/exit code/);
}

function contextOf(lines: string): Pick<DockerfileCase, "dockerfile" | "files"> {
  return { files: selectingFiles, dockerfile: `${ownedStage}FROM bb\n${lines}\n` };
}

function byUs(lines: string): Promise<SavedImage> {
  return builders.byUs(contextOf(lines));
}

function byBuildKit(lines: string): Promise<SavedImage> {
  return builders.byBuildKit(contextOf(lines));
}

async function byBuildah(lines: string): Promise<SavedImage> {
  const archive = join(builders.folder, "case.tar");
  const how = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--pull-never"];
  await withContext(contextOf(lines), (folder) => buildah("bud", ...how, "--tag", "case", folder));
  await buildah("push", "case", `docker-archive:${archive}:case:latest`);
  return await imageOfArchive(archive);
}

async function buildah(...args: readonly string[]): Promise<string> {
  const { folder } = builders;
  const store = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  return (await run(buildahProgram, [...store, ...args], { timeoutMs: 120_000 })).stdout.trim();
}
