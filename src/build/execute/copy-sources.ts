import type { Stats } from "node:fs";
import { lstat, mkdir, writeFile } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { shownUrl } from "../../internal/shown-url";
import { resolveInRoot } from "../context/path-in-root";
import { type SelectedSource, selectSources } from "../context/select-sources";
import { type TreeFilter, wholeTree } from "../context/tree";
import { expand, expandText } from "../dockerfile/expand";
import { type IgnoreRules, ignoreRules } from "../dockerfile/ignore-patterns";
import type { CopyInstruction } from "../dockerfile/instruction";
import { download, isGitSource, isUrl } from "./add-url";
import { isArchive } from "./archive-type";
import type { Build } from "./build";
import type { ParentFolder } from "./copy-tree";
import { sourceRoot } from "./source-root";
import { type Stage, variablesOf } from "./stage-state";

/** One thing that COPY or ADD brings. */
export interface CopyItem {
  /** As it is called in a target folder; with `--parents`, the path below the target. */
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
  readonly unpacks: boolean;
  /** Of what is in it. */
  readonly filter: TreeFilter;
  /** With `--parents`, the folders of `name`, the highest first. */
  readonly parents: readonly ParentFolder[];
  /** Files of other images keep their owner. */
  readonly keepsOwner: boolean;
}

/**
 * Finds, downloads or writes what the instruction names; a pattern may fit nothing, as with BuildKit. Throws
 * `path-not-found`, `invalid-argument`, `digest-mismatch`.
 */
export async function copyItems(
  build: Build,
  stage: Stage,
  instruction: CopyInstruction,
): Promise<readonly CopyItem[]> {
  const items: CopyItem[] = [];
  for (const heredoc of instruction.heredocs) items.push(await heredocItem(build, stage, heredoc));
  const variables = variablesOf(stage);
  for (const source of instruction.sources) {
    const name = expand(source, variables, build.dockerfile.escapeMark);
    if (instruction.kind === "ADD" && isGitSource(name)) {
      throw new RuncibleError(
        "not-implemented",
        `ADD ${shownUrl(name)}: git repositories are left out; clone it in a RUN`,
      );
    }
    if (instruction.checksum !== undefined && !isUrl(name)) {
      throw new RuncibleError(
        "invalid-argument",
        `ADD ${shownUrl(name)}: checksum can't be specified for non-HTTP sources; leave it out`,
      );
    }
    if (instruction.kind === "ADD" && isUrl(name)) {
      items.push(await urlItem(build, instruction, name));
      continue;
    }
    items.push(...(await treeItems(build, stage, instruction, name)));
  }
  return items;
}

async function heredocItem(
  build: Build,
  stage: Stage,
  heredoc: CopyInstruction["heredocs"][number],
): Promise<CopyItem> {
  const folder = build.newFolder();
  await mkdir(folder);
  const path = join(folder, "content");
  const content = heredoc.expands
    ? expandText(heredoc.content, variablesOf(stage), build.dockerfile.escapeMark)
    : heredoc.content;
  await writeFile(path, content, { mode: 0o644 });
  return { ...plainItem, name: heredoc.name, path, stats: await lstat(path) };
}

const plainItem = { unpacks: false, filter: wholeTree, parents: [], keepsOwner: false } as const;

async function urlItem(build: Build, { checksum, unpack, target }: CopyInstruction, url: string): Promise<CopyItem> {
  const folder = build.newFolder();
  const { path, name } = await download(url, folder, {
    signal: build.signal,
    authorities: build.parts.authorities,
    ...(checksum === undefined ? {} : { checksum }),
  });
  if (name === "" && target.endsWith("/")) {
    throw new RuncibleError(
      "invalid-argument",
      `ADD ${shownUrl(url)}: cannot determine a file name; name the target file`,
    );
  }
  return { ...plainItem, name, path, stats: await lstat(path), unpacks: unpack === true && (await isArchive(path)) };
}

async function treeItems(
  build: Build,
  stage: Stage,
  instruction: CopyInstruction,
  source: string,
): Promise<readonly CopyItem[]> {
  const { kind, from, excludes } = instruction;
  const root = await sourceRoot(build, stage, from);
  const rules = ignoreRules(excludes);
  const found = await selectSources(root, source, { step: `${kind} failed`, isContext: from === undefined });
  const items = await Promise.all(
    found.map((selected) => treeItem(selected, { instruction, root, rules, pivot: pivotOf(instruction, source) })),
  );
  return items.filter((item) => item !== undefined);
}

interface Selecting {
  readonly instruction: CopyInstruction;
  readonly root: string;
  readonly rules: IgnoreRules;
  /** Of a source's name: how many of its folders are not kept. */
  readonly pivot: number;
}

/**
 * Patterns of `--exclude`, in which variables stand for nothing, are for paths below a source that is a folder, those
 * of `--parents` for paths below the target, and for a source that is a file, which BuildKit never leaves out though
 * Docker's manual says so, for its path in the context.
 */
async function treeItem(
  { name, path, stats }: SelectedSource,
  { instruction, root, rules, pivot }: Selecting,
): Promise<CopyItem | undefined> {
  const { kind, from, keepsParents, unpack } = instruction;
  const parts = name.split("/");
  const kept = parts.slice(pivot);
  const shownName = keepsParents ? kept.join("/") : basename(name);
  const isFolder = stats.isDirectory();
  const ruledName = keepsParents ? shownName : name;
  if (rules.ignores(ruledName) && !(isFolder && (rules.hasExceptions || !keepsParents))) return undefined;
  const above = keepsParents ? `${shownName}/` : "";
  const parents = (keepsParents ? kept.slice(0, -1) : []).map(async (_, index): Promise<ParentFolder> => {
    const folder = parts.slice(0, pivot + index + 1).join("/");
    const place = await resolveInRoot(root, folder, { followLast: true });
    return { name: kept.slice(0, index + 1).join("/"), stats: await lstat(place) };
  });
  return {
    name: shownName,
    path,
    stats,
    unpacks: kind === "ADD" && unpack !== false && stats.isFile() && (await isArchive(path)),
    filter: { leavesOut: (relative) => rules.ignores(`${above}${relative}`), hasExceptions: rules.hasExceptions },
    keepsOwner: from !== undefined,
    parents: await Promise.all(parents),
  };
}

/** With `--parents`, folders before the first `/./` of the source are not kept. */
function pivotOf({ keepsParents }: CopyInstruction, source: string): number {
  const pivot = source.replace(/^\/+/, "").indexOf("/./");
  if (!keepsParents || pivot < 0) return 0;
  const above = posix.normalize(source.replace(/^\/+/, "").slice(0, pivot));
  return above === "." ? 0 : above.split("/").length;
}
