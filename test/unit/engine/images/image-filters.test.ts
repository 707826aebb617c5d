import { expect, test } from "vitest";
import { selectImages } from "../../../../src/engine/images/image-filters";
import type { ImageView } from "../../../../src/engine/routes/image-service";

function image(id: string, tags: readonly string[], day: number): ImageView {
  const facts = { id: `sha256:${id}`, tags, repoDigests: [], createdAt: `2026-01-0${day}T00:00:00Z`, config: {} };
  return facts as unknown as ImageView;
}

const images = [image("0db0", ["old:latest"], 1), image("5678", ["db:latest"], 2), image("9abc", ["new:1"], 3)];

function selected(filters: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return selectImages(images, new Map(Object.entries(filters))).flatMap(({ tags }) => tags);
}

test.each([
  ["since", "db", ["new:1"]],
  ["since", "0db0", ["new:1", "db:latest"]],
  ["before", "sha256:9a", ["db:latest", "old:latest"]],
])("images %s %s", (key, name, expected) => {
  expect(selected({ [key]: [name] })).toEqual(expected);
});

test("a part of an id is none", () => {
  expect(() => selected({ since: ["db0"] })).toThrow("No such image: db0");
});

test.each([
  [["true"], []],
  [["0"], ["new:1", "db:latest", "old:latest"]],
])("dangling images: %j", (dangling, expected) => {
  expect(selected({ dangling })).toEqual(expected);
});

test.each([[["foo"]], [["true", "false"]], [[""]]])("dangling is no %j", (dangling) => {
  expect(() => selected({ dangling })).toThrow(`Invalid filter 'dangling=[${dangling.join(" ")}]'`);
});
