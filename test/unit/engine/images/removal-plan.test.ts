import { expect, test } from "vitest";
import { chainIdsOf, chainsFreed } from "../../../../src/engine/images/chain-ids";
import { type ImageUser, planRemoval } from "../../../../src/engine/images/removal-plan";
import { digestOf } from "../../../../src/runtime/image/digest";
import type { Image } from "../../../../src/runtime/image/manifest";

const id = digestOf("config");
const digest = digestOf("manifest");

function imageWith(tags: readonly string[], repoDigests: readonly string[] = []): Image {
  return {
    id,
    manifestDescriptor: { mediaType: "", digest, size: 1 },
    manifest: { schemaVersion: 2, config: { mediaType: "", digest: id, size: 1 }, layers: [] },
    config: { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [] } },
    tags,
    repoDigests,
  };
}

const one = "docker.io/library/one:1";
const other = "docker.io/library/other:1";
const oneByDigest = `docker.io/library/one@${digest}`;
const stopped: ImageUser = { id: "c".repeat(64), isRunning: false };
const running: ImageUser = { id: "d".repeat(64), isRunning: true };

function plan(image: Image, name: string, more: { force?: boolean; users?: readonly ImageUser[] } = {}): object {
  return planRemoval(image, more.users ?? [], { name, force: more.force ?? false });
}

test("with the last tag of a repository its digests go", () => {
  expect(plan(imageWith([one], [oneByDigest]), "one:1")).toEqual({ untagged: [one, oneByDigest], isDeleted: true });
});

test("a tag beside others takes only itself away", () => {
  expect(plan(imageWith([one, other], [oneByDigest]), "other:1")).toEqual({ untagged: [other], isDeleted: false });
});

test("a digest beside a tag takes only itself away", () => {
  expect(plan(imageWith([one], [oneByDigest]), `one@${digest}`)).toEqual({ untagged: [oneByDigest], isDeleted: false });
});

test("an image pulled without a tag goes with its digest", () => {
  expect(plan(imageWith([], [oneByDigest]), `one@${digest}`)).toEqual({ untagged: [oneByDigest], isDeleted: true });
});

test("an id stands for all names of one repository, by force for those of several", () => {
  expect(plan(imageWith([one], [oneByDigest]), id)).toEqual({ untagged: [one, oneByDigest], isDeleted: true });
  expect(() => plan(imageWith([one, other]), id)).toThrow("(must be forced) - image is referenced in multiple");
  expect(plan(imageWith([one, other]), id, { force: true })).toEqual({ untagged: [one, other], isDeleted: true });
});

test("force takes the name from an image in use, and leaves it to the container that runs", () => {
  const image = imageWith([one]);
  expect(() => plan(image, "one:1", { users: [stopped] })).toThrow("(must force) - container cccccccccccc is using");
  expect(plan(image, "one:1", { users: [running], force: true })).toEqual({ untagged: [one], isDeleted: false });
  expect(plan(image, "one:1", { users: [stopped], force: true })).toEqual({ untagged: [one], isDeleted: true });
  expect(() => plan(image, id, { users: [running], force: true })).toThrow(
    "(cannot be forced) - image is being used by",
  );
});

test("a chain id is that of a layer and all below it, and only those that nobody else has are freed", () => {
  const [base, left, right] = ["base", "left", "right"].map(digestOf);
  if (base === undefined || left === undefined || right === undefined) throw new TypeError("three digests");
  const [first, second] = chainIdsOf([base, left]);
  expect([first, second]).toEqual([base, digestOf(`${base} ${left}`)]);
  expect(chainsFreed([base, left], [[base, right]])).toEqual([second]);
  expect(chainsFreed([base, left], [])).toEqual([second, first]);
});
