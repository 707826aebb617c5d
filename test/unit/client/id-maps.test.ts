import { expect, test } from "vitest";
import { planIdMaps, planRootMaps, rangeRemedy } from "../../../src/client/id-maps";

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

const statusWith = (effective: string): string => `Name:\tnode\nCapEff:\t${effective}\nCapBnd:\t000001ffffffffff\n`;
/** What Docker leaves to a container's root. */
const dockers = statusWith("00000000a80425fb");
const machines = "         0          0 4294967295\n";

test("root that may mount and make networks needs no map", () => {
  expect(planRootMaps(statusWith("000001ffffffffff"), machines, machines)).toBeUndefined();
});

test("root of a container gets a map of its own ids, which does not read like the machine's", () => {
  expect(planRootMaps(dockers, machines, machines)).toEqual({
    uids: "0 0 2147483647",
    gids: "0 0 2147483647",
    hasOneId: false,
  });
});

test("in a user namespace, the map is of the ids that are there", () => {
  const map = "0 1000 1\n1 100000 65536\n";
  expect(planRootMaps(dockers, map, map)).toEqual({
    uids: "0 0 1 1 1 65536",
    gids: "0 0 1 1 1 65536",
    hasOneId: false,
  });
});

test("root that may give away no ids has one", () => {
  expect(planRootMaps(statusWith("0000000000000000"), machines, machines)).toEqual({
    uids: "0 0 1",
    gids: "0 0 1",
    hasOneId: true,
  });
});
