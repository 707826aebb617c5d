import { expect, test } from "vitest";
import { allowedUlimits } from "../../../../src/runtime/runc/own-limits";

const asked = [{ name: "nofile", soft: 5000, hard: 70_000 }];

test("who may raise limits may ask for any limit", () => {
  expect(allowedUlimits(asked, { mayRaise: true, hard: () => 1024 })).toEqual(asked);
});

test.each([
  [{ soft: 100, hard: 200 }, 1024, { soft: 100, hard: 200 }],
  [{ soft: 100, hard: 2000 }, 1024, { soft: 100, hard: 1024 }],
  [{ soft: -1, hard: -1 }, 1024, { soft: 1024, hard: 1024 }],
  [{ soft: -1, hard: -1 }, -1, { soft: -1, hard: -1 }],
])("of %o, a user whose own limit is %i gets %o", (limit, own, granted) => {
  expect(allowedUlimits([{ name: "memlock", ...limit }], { mayRaise: false, hard: () => own })).toEqual([
    { name: "memlock", ...granted },
  ]);
});
