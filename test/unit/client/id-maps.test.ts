import { expect, test } from "vitest";
import { planIdMaps, rangeRemedy } from "../../../src/client/id-maps";

const jane = { uid: 1000, gid: 1001, name: "jane" };

test("the user is root inside, and the range follows", () => {
  const maps = planIdMaps(jane, "joe:100000:65536\njane:165536:65536\n", "jane:231072:1000\n");
  expect(maps).toEqual({ uids: "0 1000 1 1 165536 65536", gids: "0 1001 1 1 231072 1000", hasOneId: false });
});

test("several ranges follow each other, and one may be given to the number of the user", () => {
  const maps = planIdMaps(jane, "jane:200000:10\n1000:300000:20\n", "jane:200000:10\n");
  expect(maps.uids).toBe("0 1000 1 1 200000 10 11 300000 20");
});

test.each([
  ["neither file has a line", "", ""],
  ["only one file has a line", "jane:100000:65536\n", "joe:100000:65536\n"],
  ["the lines are malformed", "jane:x:65536\njane:1\n", "jane:100000:0\n"],
])("the user has one id when %s", (_what, subuid, subgid) => {
  expect(planIdMaps(jane, subuid, subgid)).toEqual({ uids: "0 1000 1", gids: "0 1001 1", hasOneId: true });
});

test("a user without a name is looked for by number, and named by it", () => {
  const nobody = { ...jane, name: undefined };
  expect(planIdMaps(nobody, "undefined:1:1\n", "undefined:1:1\n").hasOneId).toBe(true);
  expect(rangeRemedy(nobody)).toMatch(/ 1000$/);
});
