import fc from "fast-check";
import { expect, test } from "vitest";
import { readStatements } from "../../../src/build/dockerfile/statements";

/** Keyword and rest of each instruction, as BuildKit reads them. */
test.each([
  ["comments among continued lines", "RUN a \\\n# c\n   # d\n\t\n\n  b\nRUN c", ["RUN a   b", "RUN c"]],
  ["an escaped escape character at the end of a line", "RUN a \\\\\nRUN c", ["RUN a \\\\", "RUN c"]],
  ["an escaped # in a continued line", "RUN a \\\n \\#b\nRUN c", ["RUN a  \\#b", "RUN c"]],
  ["an escape character alone", "\\\nRUN a\nRUN b \\\n  \\\nc", ["RUN a", "RUN b   c"]],
  ["continued lines of one letter", "RUN a\\\nb\\\nc", ["RUN abc"]],
  ["blanks behind the escape character", "RUN a \\ \t\n b", ["RUN a  b"]],
  ["an escape character at the end of the file", "RUN a \\", ["RUN a"]],
  ["a continued keyword", "R\\\nU\\\n# c\nN a", ["RUN a"]],
  ["blanks between arguments", "RUN a  b\t c", ["RUN a  b\t c"]],
  ["flags with quotes", 'RUN --mount=source="a  b",target=/x c', ['RUN --mount=source="a  b",target=/x c']],
  ["carriage returns", "RUN a \\\r\n b\r\nRUN c\rd\r\n", ["RUN a  b", "RUN c\rd"]],
  ["a byte order mark", "\uFEFFRUN a", ["RUN a"]],
  ["form feeds and tabs", "\fRUN\ta\n\v\nRUN\vb", ["RUN a", "RUN b"]],
  [
    "a heredoc in quotes, which is none",
    "RUN echo \"x <<E y\"\nRUN p 'a <<E'\nRUN c",
    ['RUN echo "x <<E y"', "RUN p 'a <<E'", "RUN c"],
  ],
  ["a here string", "RUN cat <<<E\nRUN c", ["RUN cat <<<E", "RUN c"]],
])("%s", (_, text, expected) => {
  const { statements } = readStatements(text, "Dockerfile");

  expect(statements.map(({ keyword, rest }) => `${keyword} ${rest}`)).toEqual(expected);
  expect(statements.flatMap(({ heredocs }) => heredocs)).toEqual([]);
});

test.each([
  ["with a number", "RUN cat 3<<E\na\nE", ["a\n"]],
  ["with tabs to strip beside one without", "COPY <<A <<-B /d/\n\tA\nA\n\tb\n\tB", ["\tA\n", "b\n"]],
  [
    "what looks like comments, continued lines and instructions",
    "RUN <<E\n  # a\n\nRUN b \\\nE",
    ["  # a\n\nRUN b \\\n"],
  ],
  ["blank lines", "RUN <<E\n\n \nE", ["\n \n"]],
  ["nothing", "RUN <<E\nE", [""]],
  ["announced in a continued line", "RUN cat \\\n  <<E \\\n  >x\na\nE", ["a\n"]],
  ["with carriage returns", "RUN <<E\r\na\r\n\r\nE\r", ["a\n\n"]],
  ["of ONBUILD", "ONBUILD RUN <<E\na\nE", ["a\n"]],
  ["a name with blanks behind it ends nothing", "RUN <<E\nE \nE", ["E \n"]],
])("a heredoc: %s", (_, text, contents) => {
  const { statements } = readStatements(`${text}\nRUN c`, "Dockerfile");

  expect(statements[0]?.heredocs.map(({ content }) => content)).toEqual(contents);
  expect(statements.slice(1)).toMatchObject([{ keyword: "RUN", rest: "c", line: text.split("\n").length + 1 }]);
});

test.each([
  ["# escape=`\nRUN a `\n b", ["a  b"]],
  ["# syntax=docker/dockerfile:1\n#Escape = `  \nRUN a\\ `\n b", ["a\\  b"]],
  ["\uFEFF# escape=`\r\nRUN a `\r\n b", ["a  b"]],
  ["# other=x\n# escape=`\nRUN a \\\n b", ["a  b"]],
  ["# a note: x=y\n# escape=`\nRUN a \\\n b", ["a  b"]],
  ["# escape x=`\nRUN a \\\n b", ["a  b"]],
  ["# escape=\nRUN a \\\n b", ["a  b"]],
  [" # escape=`\nRUN a \\\n b", ["a  b"]],
  ["\n# escape=`\nRUN a \\\n b", ["a  b"]],
])("directives of %j", (text, expected) => {
  expect(readStatements(text, "Dockerfile").statements.map(({ rest }) => rest)).toEqual(expected);
});

test.each([
  ["# escape=` x\nRUN a", /line 1: invalid ESCAPE "` x"/],
  ["# escape=`\n# ESCAPE=`\nRUN a", /line 2: only one escape parser directive/],
])("directives of %j are refused", (text, message) => {
  expect(() => readStatements(text, "Dockerfile")).toThrow(message);
});

test("an instruction of any length is whole", () => {
  const lines = Array.from({ length: 3000 }, (_, index) => `# ${index}\n  ${index} \\\n`);

  const { statements } = readStatements(`RUN a \\\n${lines.join("")}  end\nRUN c\n`, "Dockerfile");

  expect(statements).toMatchObject([
    { rest: `a ${lines.map((_, index) => `  ${index} `).join("")}  end`, line: 1 },
    { rest: "c", line: 6003 },
  ]);
});

test("instructions are cut alike however they are laid out", () => {
  const between = fc.constantFrom(" ", "\t", " \\\n", "\\ \n  ", " \\\n# <<E \\\n\n  # b\n ", " \\\r\n");
  const words = fc.array(fc.tuple(between, fc.stringMatching(/^[^\s#\\"'<`]{1,4}#?$/)), { minLength: 1, maxLength: 6 });
  const lead = fc.constantFrom("", "  ", "\n", "# RUN x \\\n", "   # <<E\n\n");
  const instruction = fc.tuple(lead, fc.constantFrom("RUN", "copy", "Env", "CMD", "FROM"), words);
  const layouts = fc.array(instruction, { minLength: 1, maxLength: 20 });

  fc.assert(
    fc.property(layouts, (instructions) => {
      const text = instructions.map(([start, keyword, rest]) => `${start}${keyword}${rest.flat().join("")}\n`);

      const { statements } = readStatements(`# a comment\n${text.join("")}`, "Dockerfile");

      expect(statements.map(({ keyword, rest }) => [keyword, ...rest.split(/\s+/)])).toEqual(
        instructions.map(([, keyword, rest]) => [keyword.toUpperCase(), ...rest.map(([, word]) => word)]),
      );
    }),
  );
});
