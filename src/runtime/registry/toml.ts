/** Loaded when there is a file to read, which most machines do not have. */
export function toml(): typeof import("smol-toml", { with: { "resolution-mode": "import" }}) {
  return require("smol-toml") as typeof import("smol-toml", { with: { "resolution-mode": "import" }});
}
