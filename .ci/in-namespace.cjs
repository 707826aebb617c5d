// Runs a command the way an engine runs: as root of its user's namespace, in a pid and a mount namespace of its own. And,
// unlike an engine, in a network namespace of its own that looks like a machine's: tests lay cables to other machines.
const { spawnSync } = require("node:child_process");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { ownIdMaps } = require("../build/client/id-maps.js");
const { enterArguments, namespaceScript } = require("../build/client/namespace-script.js");

const machine = `
set -e
ip link set lo up
ip link add eth0 type veth peer name outside
ip addr add 192.0.2.2/24 dev eth0
ip link set eth0 up
ip link set outside up
ip route add default via 192.0.2.1
exec "$@"
`;

async function main() {
  const enter = enterArguments(join(tmpdir(), `enter-${process.pid}`), await ownIdMaps());
  const namespaces = ["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--propagation", "slave"];
  const command = [
    "unshare",
    ...namespaces,
    "--net",
    "--",
    "/bin/sh",
    "-c",
    machine,
    "machine",
    ...process.argv.slice(2),
  ];
  const shell = ["-c", `${namespaceScript}enter "$@"`, "in-namespace", ...enter, ...command];
  const { status } = spawnSync("/bin/sh", shell, { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

void main();
