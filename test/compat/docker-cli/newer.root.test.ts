import { expect, test } from "vitest";
import { containerCases, newerContainerCases } from "./cases/containers";
import { execCases } from "./cases/exec-logs-cp";
import { imageCases, systemCases } from "./cases/images-system";
import { networkCases, volumeCases } from "./cases/networks-volumes";
import { runCases } from "./cases/run";
import { runCase } from "./run-case";
import { useTwoDaemons } from "./two-daemons";

const daemons = useTwoDaemons({ newer: true });

/** Where versions of Docker differ most; the whole table is for the Docker of this machine. */
const names = [
  ...["run a command", "exit codes", "limits", "rights", "bind mounts and volumes", "modes of mounts"],
  ...["cgroup namespaces", "create, start, stop, start, remove", "kill and its signals", "restart policies", "pause"],
  ...["remove what runs", "update", "health", "list and its filters", "unknown containers", "exec"],
  ...["exec that cannot start", "logs", "copy out", "export, import, commit", "connect and disconnect"],
  ...[
    "published ports",
    "in use",
    ...newerContainerCases.map(({ what }) => what),
    "list and tag",
    "save and load",
    "build",
    "version and info",
    "disk usage",
  ],
];
const all = [
  ...newerContainerCases,
  ...[...runCases, ...containerCases, ...execCases, ...networkCases, ...volumeCases],
  ...[...imageCases, ...systemCases],
];

test.each(names)(
  "docker 26, %s: printed and ended as with Docker 26 [root only: it starts a dockerd]",
  async (name) => {
    const one = all.find(({ what }) => what === name);
    if (one === undefined) throw new TypeError(`there is no case "${name}"`);

    const [ours, theirs] = await Promise.all([runCase(one, daemons.ours), runCase(one, daemons.theirs)]);

    expect(ours).toEqual(theirs);
  },
);
