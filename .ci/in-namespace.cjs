// Runs a command the way an engine runs: as root of its user's namespace, in a pid and a mount namespace of its own.
const { spawnSync } = require("node:child_process");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { ownIdMaps } = require("../build/client/id-maps.js");
const { enterArguments, namespaceScript } = require("../build/client/namespace-script.js");

async function main() {
  const enter = enterArguments(join(tmpdir(), `enter-${process.pid}`), await ownIdMaps());
  const namespaces = ["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--propagation", "slave", "--"];
  const command = ["unshare", ...namespaces, ...process.argv.slice(2)];
  const shell = ["-c", `${namespaceScript}enter "$@"`, "in-namespace", ...enter, ...command];
  const { status } = spawnSync("/bin/sh", shell, { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

void main();
