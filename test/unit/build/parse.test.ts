import { expect, test } from "vitest";
import { parseDockerfile } from "../../../src/build/dockerfile/parse";

test.each([
  [
    "FROM a\nRUNN x\n",
    /^dockerfile parse error on line 2: unknown instruction: RUNN \(did you mean RUN\?\) \(my:2: RUNN x\)$/,
  ],
  ["FROM a\nCOPY --nosuch a b\n", /unknown flag.* \(my:2: COPY --nosuch a b\)$/],
  ["FROM a\nRUN <<E\nx\n", /unterminated heredoc.* \(my:2: RUN <<E\)$/],
  ["RUN x\n", /no build stage in current context.* \(my:1: RUN x\)$/],
  ["", /file with no instructions \(my:1\)$/],
])("of %j, what is wrong is told with file, line and instruction", (text, message) => {
  expect(() => parseDockerfile(text, "my")).toThrow(message);
});

test("stages, their names and the lines of their instructions", () => {
  const text = "# a comment\nARG V=1\nFROM --platform=linux/amd64 a:$V AS One\n\nRUN x \\\n  y\nFROM One\nCMD z\n";

  const { globalArgs, stages } = parseDockerfile(text);

  expect(globalArgs).toMatchObject([{ args: [{ name: "V", value: "1" }], line: 2 }]);
  expect(stages).toMatchObject([
    {
      from: { image: "a:$V", name: "one", platform: "linux/amd64", line: 3 },
      instructions: [{ kind: "RUN", line: 5 }],
    },
    { from: { image: "One", line: 7 }, instructions: [{ kind: "CMD", line: 8 }] },
  ]);
});

test.each([
  ["RUN a  b", { kind: "RUN", command: { kind: "shell", line: "a  b" }, network: "default" }],
  ['RUN [ "a", "b" ]', { command: { kind: "exec", words: ["a", "b"] } }],
  ["RUN [ -e a ] && b", { command: { kind: "shell", line: "[ -e a ] && b" } }],
  ["RUN --mount=type=tmpfs,target=/t --network=none a", { mounts: ["type=tmpfs,target=/t"], network: "none" }],
  ["RUN -- --a", { command: { kind: "shell", line: "--a" } }],
  ["COPY --from=x --chown=1:2 a b c/", { from: "x", chown: "1:2", sources: ["a", "b"], target: "c/" }],
  ['COPY ["a b", "c"]', { sources: ["a b"], target: "c" }],
  ["COPY --parents --exclude=*.md --exclude=x a b", { keepsParents: true, excludes: ["*.md", "x"] }],
  ["ADD --checksum=sha256:ab http://h/a b", { kind: "ADD", checksum: "sha256:ab" }],
  [
    'ENV a=1 b="x y" c=d\\ e',
    {
      pairs: [
        ["a", "1"],
        ["b", '"x y"'],
        ["c", "d\\ e"],
      ],
    },
  ],
  ["ENV a b  c=d", { pairs: [["a", "b  c=d"]] }],
  ["ARG a b=1", { args: [{ name: "a" }, { name: "b", value: "1" }] }],
  ["ENTRYPOINT []", { command: { kind: "exec", words: [] } }],
  ["HEALTHCHECK NONE", { kind: "HEALTHCHECK" }],
  ["HEALTHCHECK --interval=1h2m3.5s --retries=2 CMD a", { intervalNs: 3_723_500_000_000, retries: 2 }],
  ["ONBUILD COPY . /x", { kind: "ONBUILD", trigger: "COPY . /x" }],
  ["EXPOSE 80 81/udp", { ports: ["80", "81/udp"] }],
])("%s", (text, expected) => {
  const [stage] = parseDockerfile(`FROM a\n${text}\n`).stages;

  expect(stage?.instructions).toMatchObject([expected]);
});

test("heredocs: several on a line, with tabs cut, quoted names", () => {
  const [stage] = parseDockerfile("FROM a\nCOPY <<A <<-'B' /d/\n\tone # two\nA\n\tthree\n\tB\nRUN x\n").stages;

  expect(stage?.instructions).toMatchObject([
    {
      kind: "COPY",
      sources: [],
      heredocs: [
        { name: "A", content: "\tone # two\n", expands: true },
        { name: "B", content: "three\n", expands: false },
      ],
    },
    { kind: "RUN", line: 7 },
  ]);
});

test.each([
  ["", 1, "no instructions"],
  ["RUN a", 1, "no build stage"],
  ["FROM a\nNOSUCH b", 2, "unknown instruction: NOSUCH"],
  ["FROM a b", 1, "either one or three"],
  ["FROM a AS 1b", 1, "invalid name for build stage"],
  ["FROM a\n\nCOPY a", 3, "at least two arguments"],
  ["FROM a\nCOPY --nosuch=1 a b", 2, "unknown flag: --nosuch"],
  ["FROM a\nRUN --network=some a", 2, "invalid network mode"],
  ["FROM a\nRUN <<EOF\na\n", 2, "unterminated heredoc"],
  ["FROM a\nENV a", 2, "must have two arguments"],
  ["FROM a\nENV a=1 b", 2, "can't find ="],
  ["FROM a\nSHELL sh", 2, "JSON form"],
  ["FROM a\nONBUILD FROM b", 2, "isn't allowed as an ONBUILD trigger"],
  ["FROM a\nHEALTHCHECK --interval=x CMD a", 2, "invalid duration"],
  ["FROM a\nHEALTHCHECK NONE a", 2, "HEALTHCHECK NONE takes no arguments"],
  ["FROM a\nHEALTHCHECK --interval=1s", 2, "requires at least one argument"],
  ['FROM a\nCMD ["a", 1]', 2, "arrays must be comprised of strings only"],
  ['FROM a\n\nVOLUME ["/a", ["/b"]]', 3, "arrays must be comprised of strings only"],
  ["# escape=x\nFROM a", 1, "invalid ESCAPE"],
])("%j is refused with its line", (text, line, message) => {
  expect(() => parseDockerfile(text)).toThrow(
    expect.objectContaining({
      code: "invalid-argument",
      message: expect.stringMatching(new RegExp(`^dockerfile parse error on line ${line}: .*${message}`)),
    }),
  );
});
