/** One line of a build's progress, in Docker's form; pulls have further keys. */
export interface BuildEvent {
  readonly stream?: string;
  readonly aux?: { readonly ID: string };
  readonly status?: string;
  readonly id?: string;
  readonly progress?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}
