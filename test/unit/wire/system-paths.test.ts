import { expect, test } from "vitest";
import { withSystemPaths } from "../../../src/wire/system-paths";

test.each(["systempaths=unconfined", "systempaths:unconfined"])("%s becomes two empty lists", (option) => {
  expect(withSystemPaths(["seccomp=unconfined", option])).toEqual({
    SecurityOpt: ["seccomp=unconfined"],
    MaskedPaths: [],
    ReadonlyPaths: [],
  });
});

test("other options stay as they are, for the daemon to judge", () => {
  expect(withSystemPaths(["systempaths=x", "apparmor=unconfined"])).toEqual({
    SecurityOpt: ["systempaths=x", "apparmor=unconfined"],
  });
});
