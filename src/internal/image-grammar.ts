const hostPart = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const pathPart = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";

/** Docker's grammar of an image's name, as sources of regular expressions. */
export const imageGrammar: Readonly<Record<"host" | "path" | "tag", string>> = {
  /** A registry with its port, if any: `localhost:5000`, `[::1]:5000`. */
  host: `(?:${hostPart}(?:\\.${hostPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`,
  /** A repository within a registry: `library/redis`. */
  path: `${pathPart}(?:/${pathPart})*`,
  tag: "\\w[\\w.-]{0,127}",
};

/** Characters of a whole name. */
export const longestImageName = 1024;
