// What the scripts in the virtual machine share.
const { existsSync, readdirSync, readFileSync } = require("node:fs");

const root = "/sys/fs/cgroup";

/** An image with the machine's busybox, and no shell but by its name. */
async function busybox(client) {
  const image = "host/busybox:local";
  await client.images.buildHostImage({ Name: image, Executables: ["busybox"], Config: {} });
  return image;
}

/** Where a container's limits are; undefined when it has no cgroup of its own. */
function groupOf(id) {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const found = entries.find((entry) => entry.isDirectory() && entry.name === id);
  return found === undefined ? undefined : `${found.parentPath}/${found.name}`;
}

function filesOf(group, names) {
  return Object.fromEntries(
    names.map((name) => [name, existsSync(`${group}/${name}`) ? readFileSync(`${group}/${name}`, "utf8").trim() : ""]),
  );
}

module.exports = { busybox, filesOf, groupOf };
