import { expect, test } from "vitest";
import { shownUrl } from "../../../src/internal/shown-url";

test.each([
  ["https://me:secret@files.test:8443/a.tar?token=secret#x", "https://files.test:8443/a.tar"],
  ["https://files.test/a.tar", "https://files.test/a.tar"],
  ["git@files.test:team/app.git", "git@files.test:team/app.git"],
  ["-", "-"],
])("%s is shown as %s", (text, shown) => {
  expect(shownUrl(text)).toBe(shown);
});
