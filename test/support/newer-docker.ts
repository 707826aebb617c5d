import { join } from "node:path";
import { type NewerSuite, newerPrograms } from "./newer-programs";

/** The Docker of a newer Debian: 26 of Debian 13, 28 of sid. */
export interface NewerDocker {
  /** docker, dockerd and what they start; to be the first of PATH. */
  readonly programs: string;
  /** docker-compose and docker-buildx, to be named in a docker configuration. */
  readonly plugins: string;
}

/** runc is the machine's own. */
export async function newerDocker(suite: NewerSuite = "trixie"): Promise<NewerDocker> {
  const folder = await newerPrograms(suite, {
    name: "docker",
    packages: ["docker-cli", "docker-compose", "docker-buildx", "docker.io"],
    programs: {
      "usr/bin/docker": "bin",
      "usr/sbin/dockerd": "bin",
      "usr/sbin/docker-proxy": "bin",
      "usr/bin/containerd": "bin",
      "usr/bin/containerd-shim-runc-v2": "bin",
      "usr/libexec/docker/cli-plugins/docker-buildx": "cli-plugins",
      "usr/libexec/docker/cli-plugins/docker-compose": "cli-plugins",
    },
  });
  return { programs: join(folder, "bin"), plugins: join(folder, "cli-plugins") };
}
