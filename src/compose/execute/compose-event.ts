import type { Action } from "../plan/operation";

/** Something that a display of progress may show. */
export type ComposeEvent =
  | { readonly kind: "begin" | "done" | "failed"; readonly action: Action }
  /** A line of a pull or build. */
  | { readonly kind: "progress"; readonly action: Action; readonly text: string }
  | { readonly kind: "warning"; readonly text: string };

export type OnComposeEvent = (event: ComposeEvent) => void;
