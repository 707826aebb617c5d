import { capabilityNames } from "../../internal/capability-set";
import { RuncibleError } from "../../internal/errors";
import {
  checkedAbsolutePath,
  checkedAddress,
  checkedChoice,
  checkedFlag,
  checkedHost,
  checkedInteger,
  checkedMode,
  checkedObject,
  checkedPort,
  checkedText,
  checkedTextMap,
  checkedTexts,
  wrong,
} from "../checks";
import { getContainerPort, hasHostBinding, type PortWithOptionalBinding } from "../ports/port";
import type {
  BindMount,
  ContentToCopy,
  CopyToContainerOptions,
  DirectoryToCopy,
  Environment,
  ExtraHost,
  FileToCopy,
  Ulimits,
} from "./types";

// Docker's own rules, where it has some; all throw `invalid-argument`.

/** Numbers and booleans become texts. A name without =, and no NUL, which ends a variable. */
export function checkedEnvironment(environment: Environment): Environment {
  const checked = checkedTextMap(environment, "the environment");
  for (const [name, value] of Object.entries(checked)) {
    if (name.includes("=")) {
      throw new RuncibleError(
        "invalid-argument",
        `set the environment: "${name}" has a =, which no name of a variable has`,
      );
    }
    if (value.includes("\0")) throw wrong(`the environment: ${name}`, value, "a text without NUL characters");
  }
  return checked;
}

export function checkExposed(port: PortWithOptionalBinding): void {
  if (typeof port !== "number" && typeof port !== "string") {
    const { protocol = "tcp" } = checkedObject(port, "a port to expose");
    checkedChoice(String(protocol).toLowerCase(), ["tcp", "udp"], "the protocol of a port to expose");
  }
  checkedPort(getContainerPort(port), "a port to expose");
  if (hasHostBinding(port)) checkedInteger(port.host, "the host port of a port to expose", { min: 0, max: 65_535 });
}

/** A file or folder to be copied. */
export function checkCopy(copy: FileToCopy | DirectoryToCopy): void {
  checkSource(copy);
  checkTarget(copy, copy.source);
}

export function checkSource(copy: FileToCopy | DirectoryToCopy): void {
  checkedText(checkedObject(copy, "what to copy").source, "the source of a copy");
}

export function checkContent(copy: ContentToCopy): void {
  checkTarget(checkedObject(copy, "the content to copy"), "content");
  checkContentKind(copy);
}

/** Content has no name of its own, which a folder could keep. */
export function checkContentKind(copy: ContentToCopy): void {
  const { content, target } = checkedObject(copy, "the content to copy");
  if (checkedText(target, "the target of the copy of content").endsWith("/")) {
    throw wrong("the target of the copy of content", target, "the path of a file");
  }
  const isStream = typeof content === "object" && content !== null && "pipe" in content;
  if (typeof content === "string" || isStream || content instanceof Uint8Array) return;
  throw new RuncibleError("invalid-argument", `set the content of ${target}: it is no text, no bytes and no stream`);
}

function checkTarget({ target, mode }: { readonly target: string; mode?: number | undefined }, source: string): void {
  checkedAbsolutePath(target, `the target of the copy of ${source}`);
  checkedMode(mode, `the mode of the copy of ${source}`);
}

export function checkedCopyOptions(options: CopyToContainerOptions): CopyToContainerOptions {
  const { copyUIDGID = false, noOverwriteDirNonDir = false } = checkedObject(options, "the options of copies");
  checkedFlag(copyUIDGID, "copyUIDGID of the options of copies");
  checkedFlag(noOverwriteDirNonDir, "noOverwriteDirNonDir of the options of copies");
  return options;
}

/** With and without CAP_, in any case; or all of them. */
export function checkCapabilities(names: readonly string[], what: string): void {
  checkedTexts(names, what);
  for (const name of names) {
    const known = name.toUpperCase().replace(/^CAP_/, "");
    if (known === "ALL" || capabilityNames.includes(known)) continue;
    throw wrong(what, name, "a capability such as NET_ADMIN or CAP_NET_ADMIN, see capabilities(7), nor ALL");
  }
}

/** setrlimit(2), without RLIMIT_. */
const ulimitNames =
  "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" ");

export function checkedUlimits(ulimits: Ulimits): readonly { Name: string; Hard?: number; Soft?: number }[] {
  return Object.entries(checkedObject(ulimits, "the ulimits")).map(([Name, limits]) => {
    if (!ulimitNames.includes(Name.toLowerCase())) throw wrong("a ulimit", Name, `one of ${ulimitNames.join(", ")}`);
    const { hard, soft } = checkedObject(limits, `the ulimit ${Name}`);
    if (hard === undefined && soft === undefined) throw wrong(`the ulimit ${Name}`, limits, "an object with a limit");
    if (hard !== undefined) checkedInteger(hard, `the hard limit of ${Name}`, { min: -1 });
    if (soft !== undefined) checkedInteger(soft, `the soft limit of ${Name}`, { min: -1 });
    // -1: none.
    if (hard !== undefined && hard >= 0 && soft !== undefined && (soft < 0 || soft > hard)) {
      throw wrong(`the soft limit of ${Name}`, soft, `at most the hard one, ${hard}`);
    }
    return { Name, ...(hard === undefined ? {} : { Hard: hard }), ...(soft === undefined ? {} : { Soft: soft }) };
  });
}

export function checkedNetworkMode(mode: string): string {
  const isOfAnother = checkedText(mode, "the network mode").startsWith("container:");
  if (mode.trim() === "" || (isOfAnother && mode.slice("container:".length).trim() === "")) {
    throw wrong("the network mode", mode, "bridge, host, none, container:<name or id>, or a network's name");
  }
  return mode;
}

export function checkedIpcMode(mode: string): string {
  if (/^(?:none|private|shareable|host|container:\/?[a-zA-Z0-9][\w.-]*)$/.test(checkedText(mode, "the IPC mode")))
    return mode;
  throw wrong("the IPC mode", mode, "none, private, shareable, host or container:<name or id>");
}

/** The kernel takes no longer one. */
const longestHostName = 64;

export function checkedHostName(name: string): string {
  if (typeof name === "string" && /^[\w.-]+$/.test(name) && name.length <= longestHostName) return name;
  throw wrong("the host name", name, `a host name: letters, digits and _.-, at most ${longestHostName} of them`);
}

export function checkedUser(user: string): string {
  if (/^(?:[^\s:]+(?::[^\s:]*)?|:[^\s:]+)$/.test(checkedText(user, "the user"))) return user;
  throw wrong("the user", user, "a user, or a user and a group: app, 1000 or 1000:1000");
}

/** Docker's text for it. The source is a path of the host, or the name of a volume. */
export function checkedBind(bindMount: BindMount): string {
  const { source, target, mode = "rw" } = checkedObject(bindMount, "a bind mount");
  checkedText(source, "the source of a bind mount");
  const ofSource = `of the bind mount of ${source}`;
  if (!/^(?:\/[^:]*|[a-zA-Z]:[\\/][^:]*|[a-zA-Z0-9][\w.-]*)$/.test(source)) {
    throw wrong("the source of a bind mount", source, "an absolute path without a colon, nor the name of a volume");
  }
  checkedAbsolutePath(target, `the target ${ofSource}`);
  if (target === "/" || target.includes(":")) {
    throw wrong(`the target ${ofSource}`, target, "a path without a colon, other than /");
  }
  checkedChoice(mode, ["rw", "ro", "z", "Z"], `the mode ${ofSource}`);
  return `${source}:${target}:${mode}`;
}

/** A line of /etc/hosts, as Docker writes it. */
export function checkedExtraHost(extraHost: ExtraHost): string {
  const { host, ipAddress } = checkedObject(extraHost, "an extra host");
  return `${checkedHost(host, "the name of an extra host")}:${checkedAddress(ipAddress, `the address of ${host}`)}`;
}
