import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { unpackInto } from "../../runtime/rootfs/unpack-into";
import { openTree } from "../../runtime/tree/open-tree";
import { resolveInRoot } from "../context/path-in-root";
import { treeDigest } from "../context/tree-digest";
import { expand } from "../dockerfile/expand";
import type { CopyInstruction } from "../dockerfile/instruction";
import { copyCreatedBy } from "../plan/created-by";
import type { Build } from "./build";
import { stepKey } from "./build-cache";
import { type CopyItem, copyItems } from "./copy-sources";
import { copyTree, makeFolders, makeParents, type Owner, rootOwner } from "./copy-tree";
import { type ModeChange, parseChmod } from "./file-mode";
import { makeLayer } from "./make-layer";
import { ownerOf } from "./owner-of";
import { diffIdsOf, nextSnapshot } from "./snapshot";
import { inFolder, type Stage, variablesOf } from "./stage-state";

/** COPY and ADD: files from the context, another stage, another image or the network become a layer. */
export async function copyStep(build: Build, stage: Stage, instruction: CopyInstruction): Promise<Stage> {
  const { snapshot, config, output } = stage;
  const variables = variablesOf(stage);
  const expanded = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : expand(text, variables, build.dockerfile.escapeMark);
  const writtenTarget = expanded(instruction.target) ?? "/";
  const target = inFolder(stage, writtenTarget);
  const chown = expanded(instruction.chown);
  const chmod = expanded(instruction.chmod);
  const checksum = expanded(instruction.checksum);
  const items = await copyItems(build, stage, {
    ...instruction,
    ...(checksum === undefined ? {} : { checksum }),
  });
  checkTarget(instruction, items, target);
  const digests = await Promise.all(items.map((item) => digestOfItem(build, item)));
  const { keepsParents, isLinked } = instruction;
  const diffIds = isLinked ? [] : diffIdsOf(snapshot);
  // Names of owners are those of the image, whether the layer is made on it or not.
  const namedBy = isLinked && chown !== undefined && snapshot.layers.length > 0 ? diffIdsOf(snapshot) : [];
  const key = stepKey([
    "copy",
    diffIds,
    ...(isLinked ? ["link", namedBy] : []),
    target,
    chown ?? "",
    chmod ?? "",
    keepsParents,
    digests,
  ]);
  const { record, isCached } = await build.parts.cache.step({
    key,
    isCacheUsed: build.request.isCacheUsed,
    lease: build.lease,
    signal: build.signal,
    make: () =>
      makeLayer(build, diffIds, async ({ rootPath }) => {
        const namesRoot = namedBy.length > 0 ? await build.rootOfSnapshot(snapshot) : rootPath;
        const owner = chown === undefined ? undefined : await ownerOf(namesRoot, chown);
        const changeMode = chmod === undefined ? undefined : parseChmod(chmod);
        for (const item of items) {
          await placeItem({ build, root: rootPath, target, item, owner, changeMode, keepsParents });
        }
      }),
  });
  if (isCached) await output.emit({ stream: " ---> Using cache\n" }, build.signal);
  const createdBy = copyCreatedBy(instruction.kind, sourceText(items, digests), writtenTarget, config);
  return { ...stage, snapshot: nextSnapshot(snapshot, { ...record, runConfig: config.config, createdBy }) };
}

function checkTarget(
  { kind, sources, heredocs, keepsParents }: CopyInstruction,
  items: readonly CopyItem[],
  target: string,
): void {
  const isMany = items.length > 1 || sources.length + heredocs.length > 1;
  if (!isMany || target.endsWith("/") || target === "/" || keepsParents) return;
  throw new RuncibleError(
    "invalid-argument",
    `When using ${kind} with more than one source file, the destination must be a directory and end with a /`,
  );
}

async function digestOfItem(
  build: Build,
  { name, path, unpacks, filter, keepsOwner, parents }: CopyItem,
): Promise<readonly unknown[]> {
  return [
    name,
    unpacks,
    keepsOwner,
    await treeDigest(path, { filter, countsOwners: keepsOwner, signal: build.signal }),
    parents.map(({ stats }) => [stats.mode, ...(keepsOwner ? [stats.uid, stats.gid] : [])]),
  ];
}

/** As Docker's history: `file:` or `dir:` with a digest, `multi:` for several. */
function sourceText(items: readonly CopyItem[], digests: readonly (readonly unknown[])[]): string {
  const [only] = items;
  const [[, , , digest] = []] = digests;
  if (only !== undefined && items.length === 1) return `${only.stats.isDirectory() ? "dir" : "file"}:${String(digest)}`;
  return `multi:${createHash("sha256").update(JSON.stringify(digests)).digest("hex")}`;
}

interface Placement {
  readonly build: Build;
  readonly root: string;
  readonly target: string;
  readonly item: CopyItem;
  readonly owner: Owner | undefined;
  readonly changeMode: ModeChange | undefined;
  readonly keepsParents: boolean;
}

async function placeItem({ build, root, target, item, owner, changeMode, keepsParents }: Placement): Promise<void> {
  const { signal } = build;
  const folderOwner = owner ?? rootOwner;
  if (item.unpacks) {
    await makeFolders(root, target, folderOwner);
    const options = { noOverwriteDirNonDir: false, signal, ...(owner === undefined ? {} : { owner }) };
    await using walk = await openTree({ path: root });
    return await unpackInto(walk, target, createReadStream(item.path), options);
  }
  const place = keepsParents ? posix.join(target, item.name) : await placeOf(root, target, item);
  const newOwner = owner ?? (item.keepsOwner ? undefined : rootOwner);
  await makeFolders(root, keepsParents ? target : dirname(place), folderOwner);
  await makeParents(root, target, item.parents, { owner: newOwner, changeMode });
  await copyTree({
    source: item.path,
    root,
    target: place,
    owner: newOwner,
    changeMode,
    keepsTopFolder: keepsParents,
    keepsAttributes: item.keepsOwner,
    filter: item.filter,
    signal,
  });
}

/** A file goes into a folder that is there or is to be one; a folder gives its content. */
async function placeOf(root: string, target: string, item: CopyItem): Promise<string> {
  if (item.stats.isDirectory()) return target;
  const inside = await resolveInRoot(root, target, { followLast: true });
  const isFolder = target.endsWith("/") || ((await lstat(inside).catch(() => undefined))?.isDirectory() ?? false);
  return isFolder ? join(target, item.name) : target;
}
