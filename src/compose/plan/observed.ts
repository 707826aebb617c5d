/** What a daemon has, as far as a plan looks at it. */
export interface Observed {
  /** Of this project; one-off ones left out. */
  readonly containers: readonly ObservedContainer[];
  readonly networks: readonly ObservedResource[];
  readonly volumes: readonly ObservedResource[];
  /** Image ids by the reference that was looked for. */
  readonly images: ReadonlyMap<string, string>;
}

export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly number: number;
  readonly isRunning: boolean;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Mounted volumes: name and target. */
  readonly volumes: readonly { readonly name: string; readonly target: string }[];
}

export interface ObservedResource {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}
