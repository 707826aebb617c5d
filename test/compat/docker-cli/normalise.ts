type Rule = readonly [pattern: RegExp, word: string];

/** What must differ: ids, times, sizes of what runs, addresses that were given out. A word says what was there. */
const facts: readonly Rule[] = [
  [/\b[0-9a-f]{64}\b/g, "<id>"],
  [/\b[0-9a-f]{12}\b/g, "<short id>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "<time>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} [A-Z]+/g, "<time>"],
  [/(Less than a second|About an? \w+|\d+ (seconds?|minutes?|hours?|days?|weeks?|months?|years?))( ago)?/g, "<age>$3"],
  [/\b\d+(\.\d+)?[kMG]B\b/g, "<size>"],
  [/\b02(:[0-9a-f]{2}){5}\b/g, "<mac>"],
  [/\b(172\.\d+|192\.168|10\.(214|255))\.\d+\.\d+/g, "<address>"],
  [/<address>\/\d+/g, "<address>/<prefix>"],
  [/@if\d+/g, "@if<number>"],
  [/(?<=tini \()\d+/g, "<pid>"],
  // Columns are as wide as what is in them.
  [/ {2,}/g, "  "],
  [/ +$/gm, ""],
];

/** What differs on purpose; docs/docker-api.md has the reasons. */
const choices: readonly Rule[] = [
  // A published port without an address listens on the loopback addresses.
  [/127\.0\.0\.1:(?=\d+(->|\n|$| failed))/g, "0.0.0.0:"],
  [/\[::1\]:(?=\d+(->|\n|$))/g, "[::]:"],
  [/(?<=[ "])::1(?=:\d+->|")/g, "::"],
  [/(?<=(0\.0\.0\.0|\[::\]|:::?):?)(3[2-9]|[45]\d|6[0-5])\d{3}\b/g, "<port>"],
  // The host, and ports of it that tests expose, have a name in every container, and a way to it.
  [/^\S+\thost\.(docker|testcontainers)\.internal\n/gm, ""],
  [/^169\.254\.127\.1[01](\/31)? via\n/gm, ""],
  // Errors say what to do next, and where in a Dockerfile.
  [/; (start it first|use bridge)(?=\.?$)/gm, ""],
  [/ \([\w.]+:\d+: .*\)$/gm, ""],
];

/** What Docker words differently since 23.0: the engine has the newer words, Debian 12 the older daemon. */
const wordings: readonly Rule[] = [
  [/failed to create task for container: /g, ""],
  [/dockerfile parse error on line/g, "dockerfile parse error line"],
  [/no such image: \S+: No such image/gi, "No such image"],
  [/profile=(default|builtin)/g, "profile=<default>"],
  [/You cannot remove a (\w+) container (\S+)\. .*/g, "cannot remove: container is $1"],
  [/cannot remove container "\S+": container is (\w+).*/g, "cannot remove: container is $1"],
  [/cannot kill container: \S+: (?=invalid signal)/gi, ""],
  [/no such container (?=\w+$)/gm, "No such container: "],
  [/(?<=daemon: )strconv.Atoi: parsing "(\w+)"/g, "invalid filter 'exited=$1': strconv.Atoi: parsing \"$1\""],
  [
    /invalid restart policy '(\w+)'/g,
    "invalid restart policy: unknown policy '$1'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [
    /(?<=daemon: )maximum retry count cannot be used with restart policy '\w+'/g,
    "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  ],
  [
    /(?<=daemon: )maximum retry count cannot be negative/g,
    "invalid restart policy: maximum retry count cannot be negative",
  ],
  [/run is not a valid change command/g, "RUN is not a valid change command"],
  [/execDuration=\d+, /g, ""],
  [/failed to reach build target (\S+) in Dockerfile/g, 'target stage "$1" could not be found'],
];

/** The command line's own chatter when a daemon answers before it has read everything. */
const chatter: readonly Rule[] = [[/^time="<time>" level=error msg="Can't .*\n/gm, ""]];

const rules = [...facts, ...choices, ...wordings, ...chatter];

/** The text of a daemon with everything that must differ replaced. Pure. */
export function normalise(text: string): string {
  const replaced = rules.reduce((result, [pattern, word]) => result.replace(pattern, word), text);
  // Messages begin with a small letter in newer Dockers.
  return replaced.replace(/(?<=daemon: |container: \S+: )[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
}
