import { beforeEach, expect, test } from "vitest";
import { createLogMarks, type LogMarks } from "../../../../src/runtime/process/log-marks";

const wanted = { stdout: true, stderr: true };
let marks: LogMarks;

/** 30 pieces of 300 kB; every third is of the standard error. A piece has 100 lines and the time of its number. */
beforeEach(() => {
  marks = createLogMarks();
  for (let piece = 1; piece <= 30; piece++) {
    marks.add({
      streams: Array(100).fill(piece % 3 === 0 ? "stderr" : "stdout"),
      bytes: 300_000,
      time: BigInt(piece),
      end: { segment: Math.floor(piece / 10), offset: (piece % 10) * 300_000 },
    });
  }
});

test("the last lines are looked for near the end, those of one stream as far before it as they are rare", () => {
  expect(marks.before({ ...wanted, tail: 1 })).toEqual({ segment: 2, offset: 2_700_000 });
  expect(marks.before({ ...wanted, tail: 101 })).toEqual({ segment: 2, offset: 2_400_000 });
  expect(marks.before({ ...wanted, stdout: false, tail: 101 })).toEqual({ segment: 2, offset: 1_800_000 });
});

test("lines since a time are looked for after what is older", () => {
  expect(marks.before({ ...wanted, since: 25n })).toEqual({ segment: 2, offset: 1_200_000 });
});

test("all lines, and more than there are, are looked for from the beginning", () => {
  expect(marks.before(wanted)).toBeUndefined();
  expect(marks.before({ ...wanted, tail: 3001 })).toBeUndefined();
  expect(marks.before({ ...wanted, since: 0n })).toBeUndefined();
});

test("nothing is looked for in files that are gone", () => {
  marks.forgetBefore(2);

  expect(marks.before({ ...wanted, tail: 1500 })).toBeUndefined();
  expect(marks.before({ ...wanted, tail: 1 })).toEqual({ segment: 2, offset: 2_700_000 });
});
