/** The packages of Debian and Ubuntu that have the programs which this package runs; a minimal system may lack any. */
const packages = {
  runc: "runc",
  ip: "iproute2",
  nft: "nftables",
  iptables: "iptables",
  tar: "tar",
  mount: "mount",
  umount: "mount",
  newuidmap: "uidmap",
  newgidmap: "uidmap",
  slirp4netns: "slirp4netns",
  pasta: "passt",
  "fuse-overlayfs": "fuse-overlayfs",
  apparmor_parser: "apparmor",
  script: "bsdutils",
  ps: "procps",
  unshare: "util-linux",
  nsenter: "util-linux",
  flock: "util-linux",
  mountpoint: "util-linux",
} as const;

export type PackagedProgram = keyof typeof packages;

/** The command that installs a program; undefined: its package is not known. */
export function installCommand(program: PackagedProgram): string;
export function installCommand(program: string): string | undefined;
export function installCommand(program: string): string | undefined {
  return isPackaged(program) ? `sudo apt-get install ${packages[program]}` : undefined;
}

function isPackaged(program: string): program is PackagedProgram {
  return Object.hasOwn(packages, program);
}
