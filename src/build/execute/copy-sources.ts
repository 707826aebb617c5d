import type { Stats } from "node:fs";
import { lstat, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { selectSources } from "../context/select-sources";
import { expand, expandText } from "../dockerfile/expand";
import { ignoreRules } from "../dockerfile/ignore-patterns";
import type { CopyInstruction } from "../dockerfile/instruction";
import { download, isGitSource, isUrl } from "./add-url";
import { isArchive } from "./archive-type";
import type { Build } from "./build";
import { sourceRoot } from "./source-root";
import { type Stage, variablesOf } from "./stage-state";

/** One thing that COPY or ADD brings. */
export interface CopyItem {
  /** As it is called in a target folder; with `--parents`, the path below the target. */
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
  readonly unpacks: boolean;
  readonly isExcluded: (relative: string) => boolean;
  /** Files of other images keep their owner. */
  readonly keepsOwner: boolean;
}

/** Finds, downloads or writes what the instruction names. Throws `path-not-found`, `invalid-argument`, `digest-mismatch`. */
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
      throw new RuncibleError("not-implemented", `ADD ${name}: git repositories are left out; clone it in a RUN`);
    }
    if (instruction.checksum !== undefined && !isUrl(name)) {
      throw new RuncibleError(
        "invalid-argument",
        `ADD ${name}: checksum can't be specified for non-HTTP sources; leave it out`,
      );
    }
    if (instruction.kind === "ADD" && isUrl(name)) items.push(await urlItem(build, instruction, name));
    else items.push(...(await treeItems(build, stage, instruction, name)));
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

const plainItem = { unpacks: false, isExcluded: (): boolean => false, keepsOwner: false } as const;

async function urlItem(build: Build, { checksum, unpack, target }: CopyInstruction, url: string): Promise<CopyItem> {
  const folder = build.newFolder();
  const { path, name } = await download(url, folder, {
    signal: build.signal,
    ...(checksum === undefined ? {} : { checksum }),
  });
  if (name === "" && target.endsWith("/")) {
    throw new RuncibleError("invalid-argument", `ADD ${url}: cannot determine a file name; name the target file`);
  }
  return { ...plainItem, name, path, stats: await lstat(path), unpacks: unpack === true && (await isArchive(path)) };
}

async function treeItems(
  build: Build,
  stage: Stage,
  instruction: CopyInstruction,
  source: string,
): Promise<readonly CopyItem[]> {
  const { kind, from, keepsParents, excludes, unpack } = instruction;
  const root = await sourceRoot(build, stage, from);
  const rules = ignoreRules(excludes);
  const found = await selectSources(root, source, {
    step: `${kind} failed`,
    isContext: from === undefined,
  });
  const items = await Promise.all(
    found.map(async ({ name, path, stats }): Promise<CopyItem> => {
      const isExcluded = (relative: string): boolean => rules.ignores(relative) || rules.ignores(`${name}/${relative}`);
      const unpacks = kind === "ADD" && unpack !== false && stats.isFile() && (await isArchive(path));
      const shownName = keepsParents ? parentsOf(source, name) : basename(name);
      return { name: shownName, path, stats, unpacks, isExcluded, keepsOwner: from !== undefined };
    }),
  );
  return items.filter((item, index) => item.stats.isDirectory() || !rules.ignores(found[index]?.name ?? item.name));
}

/** With `--parents`, folders before a `/./` of the source are not kept. */
function parentsOf(source: string, name: string): string {
  const pivot = source.replace(/^\/+/, "").indexOf("/./");
  return pivot < 0
    ? name
    : name.split("/").slice(source.replace(/^\/+/, "").slice(0, pivot).split("/").length).join("/");
}
