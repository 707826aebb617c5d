// Counts what an engine has on this machine.
const { execFileSync } = require("node:child_process");
const { readdirSync, readFileSync, readlinkSync } = require("node:fs");
const { join } = require("node:path");

/** Whatever carries the state folder's path or the id that this folder's engine gives to things in the kernel. */
exports.countOf = function countOf(stateFolder, engineId) {
  const processes = processesOf(stateFolder);
  return {
    processes: processes.length,
    mounts: mountsOf(processes, stateFolder),
    "network namespaces": namespacesOf(processes),
    "network links": withId(readdirSync("/sys/class/net"), engineId),
    "firewall tables": withId(firewallTables(), engineId),
    cgroups: cgroupsOf(engineId),
    "files and folders": filesBelow(stateFolder),
  };
};

exports.engineIdOf = function engineIdOf(stateFolder) {
  return read(join(stateFolder, "engine-id")).trim();
};

/** Those that name the folder, those in a mount namespace of their own that see it, and the children of them all. */
function processesOf(stateFolder) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = new Map(pids.map((pid) => [pid, parentOf(pid)]));
  const own = new Set(pids.filter((pid) => mentions(pid, stateFolder)));
  const isOwn = (pid) => pid !== undefined && (own.has(pid) || isOwn(parents.get(pid)));
  return pids.filter(isOwn);
}

function mentions(pid, stateFolder) {
  if (read(`/proc/${pid}/cmdline`).includes(stateFolder)) return true;
  const mounts = link(`/proc/${pid}/ns/mnt`);
  if (mounts === "" || mounts === link("/proc/self/ns/mnt")) return false;
  return `${read(`/proc/${pid}/environ`)}${read(`/proc/${pid}/mountinfo`)}`.includes(stateFolder);
}

function parentOf(pid) {
  return /^PPid:\s*(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
}

function mountsOf(processes, stateFolder) {
  const lines = ["self", ...processes].flatMap((pid) => read(`/proc/${pid}/mountinfo`).split("\n"));
  // The first field tells mounts apart, on the whole machine.
  return new Set(lines.filter((line) => line.includes(stateFolder)).map((line) => line.split(" ")[0])).size;
}

function namespacesOf(processes) {
  const namespaces = new Set(processes.map((pid) => link(`/proc/${pid}/ns/net`)));
  for (const known of ["", link("/proc/self/ns/net")]) namespaces.delete(known);
  return namespaces.size;
}

/** Of this machine. An ordinary user can neither have any nor see them. */
function firewallTables() {
  if (process.getuid() !== 0) return [];
  return execFileSync("nft", ["list", "tables"], { encoding: "utf8" }).split("\n");
}

/** An ordinary user may not look into some folders that a container's mounts need; they count as one. */
function filesBelow(folder) {
  const entries = attempt(() => readdirSync(folder, { withFileTypes: true }), []);
  const below = entries.map((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : 0));
  return below.reduce((sum, count) => sum + count, entries.length);
}

function withId(names, engineId) {
  return engineId === "" ? 0 : names.filter((name) => name.includes(engineId)).length;
}

/** Version 1 has a tree of groups per controller; a group in several trees counts once. */
function cgroupsOf(engineId) {
  if (engineId === "") return 0;
  const entries = attempt(() => readdirSync("/sys/fs/cgroup", { recursive: true, withFileTypes: true }), []);
  const paths = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return new Set(paths.filter((path) => path.includes(engineId)).map((path) => path.slice(path.indexOf(engineId))))
    .size;
}

function read(path) {
  return attempt(() => readFileSync(path, "utf8"), "");
}

function link(path) {
  return attempt(() => readlinkSync(path), "");
}

/** Processes and groups end while they are being looked at. */
function attempt(look, otherwise) {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
