// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of that form.
import { expect, test } from "vitest";
import { withoutPasswords } from "../../../src/internal/without-passwords";

test.each([
  ["ADD http://me:secret@host/f /f", "ADD http://me:xxxxx@host/f /f"],
  ["A=https://:se:c@ret@host B=git+ssh://me:it's@host", "A=https://:xxxxx@host B=git+ssh://me:xxxxx@host"],
  ['["http://me:secret@host/f", "x@y"]', '["http://me:xxxxx@host/f", "x@y"]'],
  ["RUN curl http://me:$TOKEN@host http://me:${TOKEN}@host", "RUN curl http://me:$TOKEN@host http://me:${TOKEN}@host"],
  ["http://me:${TOKEN:-secret}@host", "http://me:xxxxx@host"],
])("of %j the passwords are left out", (text, expected) => {
  expect(withoutPasswords(text)).toBe(expected);
});

test.each(["http://host:80/@x", "ssh git@host:path", "http://host:80?a=b@c", "me:secret@host", "file:///a:b@c"])(
  "%j has no password",
  (text) => {
    expect(withoutPasswords(text)).toBe(text);
  },
);

test("a text that only looks like many URLs takes no time", { timeout: 5000 }, () => {
  for (const part of ["a.", "a://", "a://b:", "://:"]) {
    const text = part.repeat(50_000);
    expect(withoutPasswords(text)).toBe(text);
  }
});
