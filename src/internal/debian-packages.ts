/** The packages of Debian and Ubuntu that have the programs which this package runs; a minimal system may lack any. */
const packages: Readonly<Record<string, string>> = {
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
  ...Object.fromEntries(["unshare", "nsenter", "flock", "mountpoint"].map((name) => [name, "util-linux"])),
};

/** The command that installs a program; undefined: its package is not known. */
export function installCommand(program: string): string | undefined {
  const name = Object.hasOwn(packages, program) ? packages[program] : undefined;
  return name === undefined ? undefined : `sudo apt-get install ${name}`;
}
