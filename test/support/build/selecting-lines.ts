import type { DockerfileCase } from "./dockerfile-case";

/** Lines of a Dockerfile that write into `/d`; another builder says what. */
export interface SelectingLines {
  readonly name: string;
  readonly lines: string;
  /** Where the other does otherwise, with the reason. */
  readonly differs?: string;
}

export const selectingFiles: NonNullable<DockerfileCase["files"]> = {
  "home.md": "m",
  "home.txt": "t",
  "s/a.txt": "a",
  "s/b.md": "b",
  "s/c.log": "600 c",
  "s/.hidden.md": "h",
  "s/t/d.md": "d",
  "s/t/e.txt": "755 e",
  "s/t/u/f.md": "f",
  "s/t/u/g.txt": "g",
  "s/v/i.md": "i",
  "s/link.md": "-> a.txt",
  "s/folder": "-> t",
  "p/x.tar": "tar: a.txt b.md in/b.md",
  "p/y.tar": "tar: c.txt",
};

/** Has owners and modes of its own, and needs no RUN, for which a builder may want rights of its own. */
export const ownedStage =
  "FROM bb AS one\nCOPY --chown=7:8 --chmod=750 s /x/\nCOPY --chown=3:4 --chmod=755 s/v /x/t/v/\n";

function table(lines: Readonly<Record<string, string>>, differs: Readonly<Record<string, string>>): SelectingLines[] {
  return Object.entries(lines).map(([name, text]) => {
    const reason = differs[name];
    return { name, lines: text, ...(reason === undefined ? {} : { differs: reason }) };
  });
}

export const excludingLines: readonly SelectingLines[] = table(
  {
    "a name": "COPY --exclude=*.md s /d/",
    "a name at any depth": "COPY --exclude=**/*.md s /d/",
    "several patterns": "COPY --exclude=*.txt --exclude=t/u --exclude=**/f.md s /d/",
    "a folder": "COPY --exclude=t s /d/",
    "a folder with a slash": "COPY --exclude=t/ s /d/",
    "a folder at any depth": "COPY --exclude=**/u s /d/",
    "what is in a folder": "COPY --exclude=t/* s /d/",
    "all below a folder": "COPY --exclude=t/** s /d/",
    "the source's name and more": "COPY --exclude=s/*.md s /d/",
    "a slash and a name": "COPY --exclude=/b.md s /d/",
    "an exception": "COPY --exclude=*.md --exclude=!b.md s /d/",
    "an exception in a folder left out": "COPY --exclude=t --exclude=!t/e.txt s /d/",
    "an exception deep in folders left out": "COPY --exclude=** --exclude=!**/g.txt s /d/",
    "an exception that comes first": "COPY --exclude=!b.md --exclude=*.md s /d/",
    "one character and a class": "COPY --exclude=?.md --exclude=[a-b].txt s /d/",
    everything: "COPY --exclude=** s /d/",
    links: "COPY --exclude=link.md --exclude=folder s /d/",
    "a name, of a pattern": "COPY --exclude=*.md s/* /d/",
    "a folder, of a pattern": "COPY --exclude=u s/* /d/",
    "one of two files": "COPY --exclude=b.md s/a.txt s/b.md /d/",
    "the only file": "COPY --exclude=a.txt s/a.txt /d/",
    "the only file, to a name": "COPY --exclude=*.txt s/a.txt /d",
    "a name, of two folders": "COPY --exclude=*.md s/t s/v /d/",
    "the source itself": "COPY --exclude=s s /d/",
    "a folder of the context": "COPY --exclude=s/t --exclude=Dockerfile . /d/",
    "a name at any depth of the context": "COPY --exclude=**/*.md --exclude=Docker* . /d/",
    "a variable": "ARG WHAT=md\nCOPY --exclude=*.$WHAT s /d/",
    nothing: "COPY --exclude= s /d/",
    "with an owner": "COPY --chown=5:6 --exclude=*.md s /d/",
    "with a mode": "COPY s/a.txt /d/\nCOPY --chmod=640 --exclude=*.md s /d/",
    "with a mode, into a new folder": "COPY --chmod=640 --exclude=*.md s /d/",
    "what is there already": "COPY s/b.md /d/b.md\nCOPY --exclude=*.md s /d/",
    "all but one file, into folders that are there":
      "COPY --chown=9:9 s/t /d/t/\nCOPY --exclude=** --exclude=!**/e.txt s /d/",
    "by ADD": "ADD --exclude=**/*.md --exclude=s/v s /d/",
    "archives by ADD": "ADD --exclude=*.md --exclude=y.tar p/*.tar /d/",
    "what is in an archive": "ADD --exclude=b.md --exclude=in p/x.tar /d/",
    "with --link": "COPY --link --exclude=*.md s /d/",
    "from another stage": "COPY --from=one --exclude=**/*.txt /x /d/",
    "from another stage, by a path of it": "COPY --from=one --exclude=x/t/u --exclude=*.md /x/t /d/",
    "all but one file of another stage": "COPY --from=one --exclude=** --exclude=!**/g.txt /x /d/",
    "files of the context's top": "COPY --exclude=*.txt hom* /d/",
  },
  {
    "with a mode, into a new folder": "since Docker 28 a folder on the way has the mode too; in Docker 26 it has not",
    "files of the context's top": "it leaves out no file that a source names, which is against its manual (issue 5489)",
  },
);

const keptBeforePivot = "it keeps folders before the pivot, which is against Docker's manual and BuildKit's source";

export const parentsLines: readonly SelectingLines[] = table(
  {
    "a file": "COPY --parents s/t/e.txt /d/",
    "a folder": "COPY --parents s/t /d/",
    "a folder with a slash": "COPY --parents s/t/ /d/",
    "a folder of the context": "COPY --parents ./s/ /d/",
    "several sources": "COPY --parents s/a.txt s/t/u/f.md s/v /d/",
    "several sources, to a name": "COPY --parents s/a.txt s/v /d",
    "two files of one folder": "COPY --parents s/t/d.md s/t/e.txt /d/",
    "a pattern": "COPY --parents s/*.txt /d/",
    "a pattern of folders": "COPY --parents s/*/e.txt /d/",
    "a pattern at any depth": "COPY --parents s/**/*.md /d/",
    "a pattern from the top": "COPY --parents **/g.txt /d/",
    "a pattern that fits folders": "COPY --parents s/t* /d/",
    "a pattern that fits nothing, and a file": "COPY --parents s/*.none s/a.txt /d/",
    "from a pivot": "COPY --parents s/./t/e.txt /d/",
    "from a pivot, a folder": "COPY --parents s/t/./u /d/",
    "from a pivot at the top": "COPY --parents ./s/v/i.md /d/",
    "from a pivot at its end": "COPY --parents s/t/. /d/",
    "from a pivot, a pattern": "COPY --parents s/./t/*.txt /d/",
    "from a pivot, a pattern at any depth": "COPY --parents s/t/./**/*.md /d/",
    "from a pivot after a pattern": "COPY --parents s/*/./u/*.txt /d/",
    "several pivots": "COPY --parents s/./t/./u/f.md /d/",
    "sources with pivots of their own": "COPY --parents s/./a.txt s/t/./u/g.txt /d/",
    "with an owner": "COPY --parents --chown=5:6 s/t/e.txt /d/",
    "with an owner and a mode": "COPY --parents --chown=5:6 --chmod=750 s/t/e.txt s/v /d/",
    "through a link": "COPY --parents s/folder/e.txt /d/",
    "a link": "COPY --parents s/link.md /d/",
    "into folders that are there": "COPY --chown=9:9 s/t /d/s/t/\nCOPY --parents s/t/e.txt /d/",
    "with patterns left out": "COPY --parents --exclude=**/*.md s/t /d/",
    "with a folder left out": "COPY --parents --exclude=s/t/u s/t /d/",
    "switched off": "COPY --parents=false s/t/e.txt /d/",
    "with --link": "COPY --link --parents s/t/e.txt /d/",
    "from another stage": "COPY --from=one --parents /x/t/u/g.txt /x/t/v/ /d/",
    "from another stage, from a pivot": "COPY --from=one --parents /x/./t/u/g.txt /d/",
    "from another stage, with an owner": "COPY --from=one --parents --chown=1:2 /x/t/v /d/",
  },
  {
    "into folders that are there": "it gives them the owner of the source; BuildKit leaves them as they are",
    "from a pivot, a folder": keptBeforePivot,
    "from a pivot, a pattern at any depth": keptBeforePivot,
    "from a pivot after a pattern": keptBeforePivot,
    "sources with pivots of their own": keptBeforePivot,
  },
);

/** What both must refuse. */
export const refusedLines: Readonly<Record<"excluding" | "parents", readonly SelectingLines[]>> = {
  excluding: table(
    { "an exception of nothing": "COPY --exclude=! s /d/", "no pattern": "COPY --exclude=[a s /d/" },
    {},
  ),
  parents: table({ "what is not there": "COPY --parents s/none /d/", "by ADD": "ADD --parents s/a.txt /d/" }, {}),
};
