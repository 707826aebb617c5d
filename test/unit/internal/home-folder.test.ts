import { homedir } from "node:os";
import { expect, test } from "vitest";
import { homeFolder } from "../../../src/internal/home-folder";

test("HOME wins; without it, or with an empty one, the list of users counts", () => {
  expect(homeFolder({ HOME: "/home/ann" })).toBe("/home/ann");
  expect(homeFolder({})).toBe(homedir());
  expect(homeFolder({ HOME: "" })).toBe(homedir());
});
