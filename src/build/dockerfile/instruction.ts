/** Where an instruction stands, for errors and for the steps that are shown. */
export interface SourceSpan {
  /** From 1. */
  readonly line: number;
  /** The instruction on one line, as Docker shows it: `RUN echo hi`. */
  readonly text: string;
}

/** `<<NAME` in RUN, COPY or ADD, with the lines up to `NAME`. */
export interface Heredoc {
  readonly name: string;
  readonly content: string;
  /** `<<-`: leading tabs do not belong to the content. */
  readonly stripsTabs: boolean;
  /** Unless the name was quoted. */
  readonly expands: boolean;
}

/** A command as a line for the shell, or as its words. */
export type Command =
  | { readonly kind: "shell"; readonly line: string }
  | { readonly kind: "exec"; readonly words: readonly string[] };

export type Pairs = readonly (readonly [name: string, value: string])[];

export interface FromInstruction extends SourceSpan {
  readonly kind: "FROM";
  readonly image: string;
  readonly name?: string;
  readonly platform?: string;
}

export interface ArgInstruction extends SourceSpan {
  readonly kind: "ARG";
  readonly args: readonly { readonly name: string; readonly value?: string }[];
}

export interface RunInstruction extends SourceSpan {
  readonly kind: "RUN";
  readonly command: Command;
  readonly heredocs: readonly Heredoc[];
  /** The values of `--mount`, unexpanded. */
  readonly mounts: readonly string[];
  readonly network: "default" | "none" | "host";
}

export interface CopyInstruction extends SourceSpan {
  readonly kind: "COPY" | "ADD";
  readonly sources: readonly string[];
  /** Files that the Dockerfile brings itself; they come before the sources. */
  readonly heredocs: readonly Heredoc[];
  readonly target: string;
  readonly from?: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly checksum?: string;
  readonly keepsParents: boolean;
  /** The layer is made without those below it: a link of theirs in place of a folder is not followed but replaced. */
  readonly isLinked: boolean;
  readonly excludes: readonly string[];
  /** ADD only. Default: archives are unpacked, downloads are not. */
  readonly unpack?: boolean;
}

export interface HealthCheckInstruction extends SourceSpan {
  readonly kind: "HEALTHCHECK";
  /** Absent: NONE. */
  readonly command?: Command;
  readonly intervalNs?: number;
  readonly timeoutNs?: number;
  readonly startPeriodNs?: number;
  readonly startIntervalNs?: number;
  readonly retries?: number;
}

/** One instruction of a stage; variables in it are not expanded yet, for ENV and ARG decide about them as they come. */
export type Instruction =
  | ArgInstruction
  | RunInstruction
  | CopyInstruction
  | HealthCheckInstruction
  | (SourceSpan & { readonly kind: "ENV" | "LABEL"; readonly pairs: Pairs })
  | (SourceSpan & { readonly kind: "CMD" | "ENTRYPOINT"; readonly command: Command })
  | (SourceSpan & { readonly kind: "WORKDIR"; readonly path: string })
  | (SourceSpan & { readonly kind: "USER"; readonly user: string })
  | (SourceSpan & { readonly kind: "VOLUME"; readonly paths: readonly string[] })
  | (SourceSpan & { readonly kind: "EXPOSE"; readonly ports: readonly string[] })
  | (SourceSpan & { readonly kind: "STOPSIGNAL"; readonly signal: string })
  | (SourceSpan & { readonly kind: "SHELL"; readonly shell: readonly string[] })
  | (SourceSpan & { readonly kind: "ONBUILD"; readonly trigger: string })
  | (SourceSpan & { readonly kind: "MAINTAINER"; readonly name: string });

export interface StageSyntax {
  readonly index: number;
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** Its name, as errors tell it. */
  readonly file: string;
  /** The character of `# escape=`: a backslash unless the file says otherwise. */
  readonly escapeMark: string;
  /** ARGs before the first FROM: they are for the FROM lines, and defaults of the stages' own. */
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly StageSyntax[];
}
