import { posix } from "node:path";
import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import {
  booleanField,
  defined,
  listField,
  numberField,
  objectField,
  objectListField,
  textField,
  textMapField,
} from "../http/json-fields";
import type { ContainerSpec, MountSpec } from "./container-spec";

/**
 * Everything that is mounted: Binds, Mounts, Tmpfs, Volumes, VolumesFrom. Throws `invalid-argument`, Docker's texts.
 */
export function decodeMounts(
  config: JsonObject,
  hostConfig: JsonObject,
): Pick<ContainerSpec, "mounts" | "anonymousVolumes" | "volumesFrom"> {
  const binds = listField(hostConfig, "Binds").map(decodeBind);
  const mounts = [
    ...binds.filter((bind) => typeof bind !== "string"),
    ...objectListField(hostConfig, "Mounts").map(decodeMount),
    ...Object.entries(textMapField(hostConfig, "Tmpfs")).map(([target, options]) => decodeTmpfs(target, options)),
  ];
  refuseDuplicates(mounts.map(({ target }) => target));
  const bare = binds.filter((bind) => typeof bind === "string");
  const anonymous = new Set([...bare, ...Object.keys(objectField(config, "Volumes")).map(volumePath)]);
  return {
    mounts,
    anonymousVolumes: [...anonymous].filter((path) => !mounts.some(({ target }) => target === path)),
    volumesFrom: listField(hostConfig, "VolumesFrom").map(decodeVolumesFrom),
  };
}

const propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];
/** SELinux labels and the consistency hints of Docker Desktop: nothing to do here. */
const ignoredModes = ["rw", "z", "Z", "consistent", "cached", "delegated", "default"];

/** `source:target[:mode]`; a bare path is an anonymous volume. */
function decodeBind(text: string): MountSpec | string {
  const [source = "", target, modeText, ...more] = text.split(":");
  if (more.length > 0 || source === "" || target === "") throw invalid(`invalid volume specification: '${text}'`);
  if (target === undefined) return targetPath(source, text);
  const modes = (modeText ?? "").split(",").filter((mode) => mode !== "");
  const unknown = modes.find((mode) => ![...propagations, ...ignoredModes, "ro", "nocopy"].includes(mode));
  const writing = modes.filter((mode) => mode === "ro" || mode === "rw");
  if (unknown !== undefined || writing.length > 1) throw invalid(`invalid mode: ${modeText}`);
  const shared = { target: targetPath(target, text), isReadOnly: modes.includes("ro") };
  if (!source.startsWith("/")) {
    if (source.includes("/")) throw invalidVolumeName(source);
    return {
      kind: "volume",
      name: source,
      ...shared,
      noCopy: modes.includes("nocopy"),
      labels: {},
      mode: modeText || "z",
    };
  }
  if (modes.includes("nocopy")) {
    throw invalid(
      `invalid volume specification: '${text}': invalid mount config for type "bind": field VolumeOptions must not be specified`,
    );
  }
  const propagation = modes.find((mode) => propagations.includes(mode)) ?? "rprivate";
  return { kind: "bind", source: cleanPath(source), ...shared, propagation, createSource: true, mode: modeText ?? "" };
}

function decodeMount(json: JsonObject): MountSpec {
  const type = textField(json, "Type") ?? "";
  const source = textField(json, "Source");
  const target = mountTarget(type, textField(json, "Target"));
  const isReadOnly = booleanField(json, "ReadOnly");
  refuseOptionsOfOthers(type, json);
  if (type === "bind") return { kind: "bind", target, isReadOnly, ...decodeBindOptions(json, source), mode: "" };
  if (type === "tmpfs" && source !== undefined) {
    throw invalid('invalid mount config for type "tmpfs": field Source must not be specified');
  }
  if (type === "tmpfs") return { kind: "tmpfs", target, options: tmpfsOptions(objectField(json, "TmpfsOptions")) };
  if (type !== "volume") throw invalid(`invalid mount config for type "${type}": mount type unknown`);
  if (source === undefined && isReadOnly) {
    throw invalid('invalid mount config for type "volume": must not set ReadOnly mode when using anonymous volumes');
  }
  const options = objectField(json, "VolumeOptions");
  const subpath = decodeSubpath(textField(options, "Subpath"));
  if (source === undefined && subpath !== undefined) {
    throw invalid('invalid mount config for type "volume": must not set Subpath when using anonymous volumes');
  }
  return {
    kind: "volume",
    target,
    isReadOnly,
    noCopy: booleanField(options, "NoCopy"),
    labels: textMapField(options, "Labels"),
    // Docker says so of each.
    mode: "z",
    ...defined({ name: source, subpath }),
  };
}

const optionKeys = { bind: "BindOptions", tmpfs: "TmpfsOptions", volume: "VolumeOptions" } as const;

/** Options of another kind of mount would be passed over in silence. */
function refuseOptionsOfOthers(type: string, json: JsonObject): void {
  for (const [kind, key] of Object.entries(optionKeys)) {
    if (kind !== type && type in optionKeys && json[key] !== undefined && json[key] !== null) {
      throw invalid(`${key} must not be specified on mount type "${type}"`);
    }
  }
}

/** As text it stays inside the volume; what links make of it is seen at the start. */
function decodeSubpath(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const path = cleanPath(text);
  if (path !== ".." && !path.startsWith("../") && !path.startsWith("/")) return path;
  throw invalid('invalid mount config for type "volume": subpath must be a relative path within the volume');
}

function decodeBindOptions(
  json: JsonObject,
  source: string | undefined,
): { readonly source: string; readonly propagation: string; readonly createSource: boolean } {
  if (source === undefined) throw invalid('invalid mount config for type "bind": field Source must not be empty');
  if (!source.startsWith("/")) {
    throw invalid(`invalid mount config for type "bind": invalid mount path: '${source}' mount path must be absolute`);
  }
  const options = objectField(json, "BindOptions");
  const propagation = textField(options, "Propagation") ?? "rprivate";
  if (!propagations.includes(propagation)) {
    throw invalid(`invalid mount config for type "bind": invalid propagation mode: ${propagation}`);
  }
  return {
    source: cleanPath(source),
    propagation,
    createSource: booleanField(options, "CreateMountpoint"),
  };
}

function decodeTmpfs(target: string, options: string): MountSpec {
  const parts = options.split(",").filter((option) => option !== "");
  return { kind: "tmpfs", target: mountTarget("tmpfs", target), options: parts };
}

function tmpfsOptions(json: JsonObject): readonly string[] {
  const size = numberField(json, "SizeBytes");
  const mode = numberField(json, "Mode");
  return [...(size ? [`size=${size}`] : []), ...(mode ? [`mode=${mode.toString(8)}`] : [])];
}

function decodeVolumesFrom(text: string): { readonly container: string; readonly isReadOnly: boolean } {
  const [container = "", mode = "rw"] = text.split(":");
  if (container === "") throw invalid(`malformed volumes-from specification: ${text}`);
  if (mode !== "ro" && !ignoredModes.includes(mode)) throw invalid(`invalid mode for volumes-from: ${mode}`);
  return { container, isReadOnly: mode === "ro" };
}

function volumePath(path: string): string {
  return targetPath(path, path);
}

function targetPath(path: string, text: string): string {
  if (!path.startsWith("/")) {
    throw invalid(
      `invalid volume specification: '${text}': invalid mount config for type "volume": invalid mount path: '${path}' mount path must be absolute`,
    );
  }
  if (cleanPath(path) === "/") throw invalid(`invalid volume specification: '${text}': destination can't be '/'`);
  return cleanPath(path);
}

function mountTarget(type: string, target: string | undefined): string {
  if (target === undefined) throw invalid(`invalid mount config for type "${type}": field Target must not be empty`);
  if (!target.startsWith("/")) {
    throw invalid(
      `invalid mount config for type "${type}": invalid mount path: '${target}' mount path must be absolute`,
    );
  }
  if (cleanPath(target) === "/") {
    throw invalid(`invalid mount config for type "${type}": invalid specification: destination can't be '/'`);
  }
  return cleanPath(target);
}

function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

function refuseDuplicates(targets: readonly string[]): void {
  const duplicate = targets.find((target, index) => targets.indexOf(target) !== index);
  if (duplicate !== undefined) throw invalid(`Duplicate mount point: ${duplicate}`);
}

function invalidVolumeName(name: string): RuncibleError {
  return invalid(
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

function invalid(message: string): RuncibleError {
  return new RuncibleError("invalid-argument", message);
}
