// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of that form.
import { expect, test } from "vitest";
import { parseDockerfile } from "../../../src/build/dockerfile/parse";
import { parseChmod } from "../../../src/build/execute/file-mode";
import { globalVariables } from "../../../src/build/plan/build-args";
import { parseMount } from "../../../src/build/plan/mount-flag";
import { planStages } from "../../../src/build/plan/stage-plan";
import { missingSource } from "../../../src/build/plan/unknown-stage";
import { RuncibleError } from "../../../src/internal/errors";

const text = [
  "FROM a AS base",
  "FROM base AS left",
  "FROM base AS right",
  "RUN --mount=from=left,target=/l x",
  "FROM b AS unused",
  "FROM c",
  "COPY --from=right /a /b",
  "COPY --from=d /a /b",
].join("\n");

test.each([
  ["", [0, 1, 2, 4]],
  ["right", [0, 1, 2]],
  ["LEFT", [0, 1]],
  ["3", [3]],
])("the target %j needs the stages %j", (target, needed) => {
  expect(planStages(parseDockerfile(text), target, new Map())).toMatchObject({ needed });
});

test("a target that is not there is refused", () => {
  expect(() => planStages(parseDockerfile(text), "nosuch", new Map())).toThrow(
    'target stage "nosuch" could not be found',
  );
});

test.each([
  ["FROM a AS builder\nFROM b\n", "bulder", 'target stage "bulder" could not be found (did you mean builder?)'],
  ["FROM a\nRUN --mount=type=cahe,target=/x y\n", "", /invalid mount "type=cahe.*\(my:2: RUN --mount=type=cahe/],
  ["FROM a\n\nCOPY --from=5 a /b\n", "", /the first stage \(my:3: COPY --from=5 a \/b\)$/],
  ["FROM a\nFROM a\nCOPY --from=5 a /b\n", "", /the earlier stages are 0 to 0 \(my:3: /],
  ["FROM a\nCOPY --from=$ST a /b\n", "", /^--from=\$ST: variables mean nothing here; .*FROM \$ST AS name.* \(my:2: /],
  ["FROM a\nRUN --mount=from=$ST,target=/b x\n", "", /^--from=\$ST: variables mean nothing here/],
  ["ARG A\nFROM x$A AS b\nFROM $B\n", "", /base name \(\$B\) should not be blank \(my:3: FROM \$B\)$/],
])("of %j, what is wrong is told with its place", (text, target, message) => {
  expect(() => planStages(parseDockerfile(text, "my"), target, new Map())).toThrow(message);
});

test("an ARG before FROM that cannot be is told with its place", () => {
  const dockerfile = parseDockerfile("ARG A=${B:?lacks}\nFROM a\n", "my");
  const sources = { buildArgs: new Map(), platformArgs: new Map(), escapeMark: "\\" };

  expect(() => globalVariables(dockerfile, sources)).toThrow(/lacks \(my:1: ARG A=\$\{B:\?lacks\}\)$/);
});

test("a stage cannot copy from a later one", () => {
  const dockerfile = parseDockerfile("FROM a\nCOPY --from=1 /a /b\nFROM b\n");

  expect(() => planStages(dockerfile, "0", new Map())).toThrow("invalid from flag value 1");
});

test.each([
  [
    "FROM a AS builder\nFROM b\nFROM c\n",
    "bulder",
    2,
    '"bulder" (did you mean builder? the earlier stages are 0: builder, 1), and no image of that name: denied',
  ],
  ["FROM a\nFROM b\n", "typo", 1, '"typo" (the earlier stage is 0), and no image of that name: denied'],
  ["FROM a\nFROM b AS later\n", "Later", 0, '"Later" (it begins later, at line 2; move it before this one), and'],
  ["FROM a AS own\n", "own", 0, '"own" (it is the name of this one), and'],
])("of %j, an image %j that is not to be had may be meant as a stage", (text, name, before, message) => {
  const denied = new RuncibleError("image-not-found", "denied");

  expect(missingSource(parseDockerfile(text), name, before, denied)).toMatchObject({
    code: "image-not-found",
    message: expect.stringContaining(`there is no earlier stage ${message}`),
  });
});

test.each([
  ["team/app:1", 1],
  ["busybox", 0],
])("an image %s that is not to be had, before which there are %d stages, can be nothing else", (name, before) => {
  const denied = new RuncibleError("image-not-found", "denied");

  expect(missingSource(parseDockerfile("FROM a AS one\nFROM b\n"), name, before, denied)).toBe(denied);
});

test.each([
  ["type=cache,target=/c,id=x,sharing=locked,mode=0700", { type: "cache", id: "x", sharing: "locked", mode: 0o700 }],
  ["target=/c,rw", { type: "bind", isReadOnly: false }],
  ["type=secret,id=s,required,env=S", { type: "secret", isRequired: true, variable: "S" }],
  ["type=tmpfs,dst=/t,size=64m", { target: "/t", sizeBytes: 64 * 1024 * 1024 }],
])("the mount %s", (flag, expected) => {
  expect(parseMount(flag)).toMatchObject(expected);
});

test.each([["type=nosuch"], ["type=bind,nosuch=1"], ["type=cache,sharing=some"], ["type=tmpfs,size=x"]])(
  "the mount %s is refused",
  (flag) => {
    expect(() => parseMount(flag)).toThrow("invalid mount");
  },
);

test.each([
  ["755", 0o600, false, 0o755],
  ["u=rwX,go=rX", 0o644, false, 0o644],
  ["u=rwX,go=rX", 0o644, true, 0o755],
  ["go-w,u+x", 0o666, false, 0o744],
  ["a+x", 0o640, false, 0o751],
  ["u+s,+t", 0o755, false, 0o5755],
])("chmod %s makes %o", (change, before, isFolder, after) => {
  expect(parseChmod(change)(before, isFolder)).toBe(after);
});
