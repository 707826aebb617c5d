/**
 * Loaded when a registry is first spoken to. It takes some 90 ms and 20 MB, which an engine that has its images does
 * without: it starts sooner, and every fork of a smaller process is quicker.
 */
export function undici(): typeof import("undici") {
  return require("undici") as typeof import("undici");
}
