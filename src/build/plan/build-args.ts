import { expand, type Variables } from "../dockerfile/expand";
import type { ArgInstruction, Dockerfile } from "../dockerfile/instruction";
import { inPlace } from "../dockerfile/placed-error";

/** The proxy variables, which need no ARG and never show in history or cache. */
export const proxyArgs: readonly string[] = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap(
  (name) => [name, name.toLowerCase()],
);

export interface ArgSources {
  /** As the client gave them. */
  readonly buildArgs: Variables;
  /** TARGETPLATFORM and its like. */
  readonly platformArgs: Variables;
  readonly escapeMark: string;
}

/** TARGETPLATFORM, TARGETOS, …, the same with BUILD, and TARGETSTAGE: `default` unless a target was asked for. */
export function platformArgsOf(
  target: { readonly os: string; readonly architecture: string; readonly variant?: string },
  build: typeof target,
  targetStage: string,
): Variables {
  const of = (prefix: string, { os, architecture, variant }: typeof target): readonly [string, string][] => [
    [`${prefix}PLATFORM`, [os, architecture, ...(variant === undefined ? [] : [variant])].join("/")],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant ?? ""],
  ];
  return new Map([...of("TARGET", target), ...of("BUILD", build), ["TARGETSTAGE", targetStage || "default"]]);
}

/** The variables of the FROM lines: ARGs before the first FROM, and those of the platform. */
export function globalVariables({ file, globalArgs }: Dockerfile, sources: ArgSources): Variables {
  const scope = new Map(sources.platformArgs);
  for (const instruction of globalArgs) {
    for (const { name, value } of instruction.args) {
      const given = inPlace(
        file,
        instruction,
        () =>
          sources.buildArgs.get(name) ?? (value === undefined ? undefined : expand(value, scope, sources.escapeMark)),
      );
      if (given !== undefined) scope.set(name, given);
    }
  }
  return scope;
}

/**
 * The value that an ARG of a stage has: the client's, else its own default, else that of the ARG before FROM.
 * Undefined: it is declared and has none.
 */
export function stageArg(
  { name, value }: ArgInstruction["args"][number],
  scope: Variables,
  sources: ArgSources & { readonly globals: Variables },
): string | undefined {
  const given = sources.buildArgs.get(name);
  if (given !== undefined) return given;
  if (value !== undefined) return expand(value, scope, sources.escapeMark);
  return sources.globals.get(name);
}
