import { RuncibleError } from "../../internal/errors";
import { canonicalName, type ImageReference, repositoryOf } from "../image/reference";
import type { RegistryRule } from "./registries-conf";

/** A place where an image may be had. */
export interface PullSource {
  /** Its name there. */
  readonly reference: ImageReference;
  /** Base URL in place of the reference's registry. */
  readonly url?: string;
  /** Whose credentials are used. */
  readonly domain: string;
  readonly isInsecure: boolean;
  /** The next source is tried when it fails. */
  readonly isMirror: boolean;
  /** Forbids to ask there. */
  readonly blockedBy?: RegistryRule;
}

export interface SourceRules {
  readonly rules: readonly RegistryRule[];
  /** Mirrors of docker.io, base URLs, which come before all others. */
  readonly hubMirrors: readonly string[];
}

/**
 * Where to look for an image, best first; the last is no mirror. A registry that is blocked may have mirrors all the
 * same: so it is said that nothing but they may be asked.
 */
export function planPull(reference: ImageReference, { rules, hubMirrors }: SourceRules): readonly PullSource[] {
  const found = ruleFor(reference, rules);
  const mirrors = reference.domain === "docker.io" ? hubMirrors : [];
  const own = mirrors.map((url): PullSource => {
    return { reference, url, domain: new URL(url).host, isInsecure: false, isMirror: true };
  });
  if (found === undefined) {
    return [...own, { reference, domain: reference.domain, isInsecure: false, isMirror: false }];
  }
  const { rule } = found;
  const at = (location: string, isInsecure: boolean, isMirror: boolean): PullSource => {
    const moved = movedTo(location, reference, found);
    const blockedBy = !isMirror && rule.isBlocked ? rule : blockerOf(moved, rules);
    const place = { reference: moved, domain: moved.domain, isInsecure, isMirror };
    return blockedBy === undefined ? place : { ...place, blockedBy };
  };
  const isByDigest = reference.digest !== undefined;
  const usable = rule.mirrors.filter(({ pulls }) => pulls === "all" || (pulls === "digest-only") === isByDigest);
  return [
    ...own,
    ...usable.map(({ location, isInsecure }) => at(location, isInsecure, true)),
    at(rule.location ?? found.matched, rule.isInsecure, false),
  ];
}

function blockerOf(reference: ImageReference, rules: readonly RegistryRule[]): RegistryRule | undefined {
  const rule = ruleFor(reference, rules)?.rule;
  return rule?.isBlocked ? rule : undefined;
}

/** Whether a registry is spoken to without a look at its certificate. Throws `registry-blocked`. */
export function isInsecurePush(reference: ImageReference, rules: readonly RegistryRule[]): boolean {
  const found = ruleFor(reference, rules);
  if (found?.rule.isBlocked) throw blocked(reference, found.rule);
  return found?.rule.isInsecure ?? false;
}

interface FoundRule {
  readonly rule: RegistryRule;
  /** The part of the name that its prefix stands for. */
  readonly matched: string;
}

/** The rule with the longest prefix. */
function ruleFor(reference: ImageReference, rules: readonly RegistryRule[]): FoundRule | undefined {
  const name = canonicalName(reference);
  let best: FoundRule | undefined;
  for (const rule of rules) {
    if (best !== undefined && rule.prefix.length <= best.rule.prefix.length) continue;
    const matched = matchedPart(name, reference.domain, rule.prefix);
    if (matched !== undefined) best = { rule, matched };
  }
  return best;
}

function matchedPart(name: string, domain: string, prefix: string): string | undefined {
  if (!prefix.startsWith("*.")) return beginsWith(name, prefix, domain) ? prefix : undefined;
  const host = domain.replace(/:\d+$/, "");
  const [below = "", ...path] = prefix.slice("*".length).split("/");
  const whole = below.includes(":") ? domain : host;
  if (!whole.endsWith(below)) return undefined;
  const written = [whole, ...path].join("/");
  return beginsWith(name, written, domain) ? written : undefined;
}

/**
 * Up to the end of a part: `a.io/team` is not the beginning of `a.io/teams/app`, nor a host that of the same at a port.
 */
function beginsWith(name: string, prefix: string, domain: string): boolean {
  if (!name.startsWith(prefix)) return false;
  const next = name.charAt(prefix.length);
  if (prefix.length < domain.length) return false;
  return next === "" || next === "/" || next === "@" || (next === ":" && prefix.length > domain.length);
}

function movedTo(location: string, reference: ImageReference, { rule, matched }: FoundRule): ImageReference {
  const { tag, digest } = reference;
  const [domain = "", ...path] = (location + repositoryOf(reference).slice(matched.length)).split("/");
  if (path.length === 0) {
    throw new RuncibleError(
      "registries-conf-invalid",
      `read ${rule.file}: location "${location}" leaves no name of ${rule.prefix}; write host/path`,
    );
  }
  return {
    domain,
    path: path.join("/"),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

export function blocked(reference: ImageReference, { prefix, file }: RegistryRule): RuncibleError {
  return new RuncibleError(
    "registry-blocked",
    `use ${canonicalName(reference)}: ${file} blocks ${prefix}; choose another registry, or change that file`,
  );
}
