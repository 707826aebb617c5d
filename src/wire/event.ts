/** One line of `GET /events`. */
export interface EventJson {
  /** Containers and images only, as `id` and `from`: old clients read them. */
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: "local";
  /** Seconds since 1970. */
  readonly time: number;
  readonly timeNano: number;
}
