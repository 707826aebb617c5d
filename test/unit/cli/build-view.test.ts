import { expect, test } from "vitest";
import { createBuildView } from "../../../src/cli/build-view";

/** What the view writes, piece by piece, with a clock that is set by hand. */
function watched(columns = 40) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const view = createBuildView({ write: (text) => written.push(text), columns: () => columns }, () => clock.ms);
  return { view, written, clock, text: () => written.join("").replaceAll("\u001b", "^") };
}

test("a step under way is drawn in place, and stays as one line with its time when it is done", () => {
  const { view, clock, text } = watched();
  view.add({ stream: "Step 2/5 : RUN make\n" });
  clock.ms = 3200;
  view.add({ stream: " ---> 0123456789ab\n" });
  view.close();

  expect(text()).toBe("[2/5]   0.0s RUN make\n^[1A^[J[2/5]   3.2s RUN make\n");
});

test("a step of the cache and one that failed say so; words of the end stay", () => {
  const { view, text } = watched();
  view.add({ stream: "Step 1/2 : COPY a /\n" });
  view.add({ stream: " ---> Using cache\n" });
  view.add({ stream: " ---> 0123456789ab\n" });
  view.add({ stream: "Successfully tagged x\n" });
  view.add({ stream: "Step 2/2 : RUN false\n" });
  view.fail();
  view.close();

  expect(text()).toContain("[1/2] CACHED COPY a /\nSuccessfully tagged x\n");
  expect(text()).toMatch(/\^\[1A\^\[J\[2\/2\] {2}ERROR RUN false\n$/);
});

test("of a step's output the last lines are shown, cut to the terminal, without what moves the cursor", async () => {
  const { view, written } = watched(12);
  view.add({ stream: "Step 1/1 : RUN x\n" });
  view.add({ stream: " ---> Running in 0123456789ab\n" });
  view.add({ stream: "1\n2\n3\n4\n5\n\u001b[91m6 \u001b[2J日本語日本語\u001b[0m\n50%\r100%\u0007\n8" });
  await expect.poll(() => written.at(-1), { timeout: 30_000 }).toContain("8");
  view.close();

  const frame = written
    .findLast((text) => text.includes("| 8"))
    ?.split("\u001b[J")
    .at(-1);
  expect(frame).toBe("[1/1]   0.0\n  | 3\n  | 4\n  | 5\n  | 6 日本\n  | 100%\n  | 8\n");
});
