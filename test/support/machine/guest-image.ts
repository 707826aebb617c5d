import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../src/internal/exec";
import { imageCacheFolder } from "../images";

/** A kernel and the disk it boots from. */
export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
  readonly disk: string;
}

/**
 * What an engine needs, for both ways of running, on a machine as a developer has it: systemd, its users' sessions,
 * AppArmor.
 */
const packages = [
  ...["linux-image-cloud-amd64", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "apparmor"],
  ...["runc", "iproute2", "nftables", "uidmap", "slirp4netns", "passt", "libstdc++6"],
  ...["busybox-static", "procps", "kmod"],
  // The outer one, when an engine runs in a container.
  ...["docker.io", "iptables"],
];

/** What would take a minute of an emulated processor at boot, and nobody needs. */
const masked = [
  ...["getty@.service", "serial-getty@.service", "systemd-random-seed.service"],
  ...["systemd-update-utmp.service", "systemd-update-utmp-runlevel.service", "systemd-tmpfiles-clean.timer"],
  ...["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer"],
  ...["e2scrub_all.timer", "e2scrub_reap.service"],
  // Started by the test that wants it.
  ...["docker.service", "docker.socket", "containerd.service"],
];

/**
 * Finds the disks and nothing else: Debian's own ramdisk starts udev to do so, and systemd gives up a disk of fstab
 * that comes late.
 */
const init = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
while read -r module; do /bin/busybox insmod "/modules/$module"; done </order
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
until [ -b /dev/vdb ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /new
/bin/busybox mount -t ext4 /dev/vdb /new/repo
/bin/busybox mount --move /dev /new/dev
exec /bin/busybox switch_root /new /sbin/init
`;

const agentUnit = `[Unit]
After=systemd-user-sessions.service systemd-logind.service dbus.service apparmor.service
FailureAction=poweroff-force
[Service]
ExecStartPre=/sbin/modprobe virtio_console
ExecStart=/usr/local/bin/node /repo/test/vm/guest/agent.cjs
Environment=HOME=/root
StandardOutput=tty
StandardError=inherit
TTYPath=/dev/ttyS0
`;

/** Run by mmdebstrap outside of the root, which is its argument; $KEPT is the folder of the image. */
const finish = `set -eu
root=$1
cp -L "$NODE" "$root/usr/local/bin/node"
mkdir -p "$root/repo" "$KEPT/ramdisk/bin" "$KEPT/ramdisk/dev" "$KEPT/ramdisk/new" "$KEPT/ramdisk/modules"
printf '/dev/vda / ext4 defaults 0 0\\n' >"$root/etc/fstab"
echo machine >"$root/etc/hostname"
printf '127.0.0.1 localhost machine\\n::1 localhost\\n' >"$root/etc/hosts"
for unit in $MASKED; do ln -sfn /dev/null "$root/etc/systemd/system/$unit"; done
# Profiles of programs that are not there, which take long to compile.
mkdir -p "$root/etc/apparmor.d/disable"
for profile in lsb_release nvidia_modprobe; do ln -sfn "/etc/apparmor.d/$profile" "$root/etc/apparmor.d/disable/$profile"; done
printf '%s' "$UNIT" >"$root/etc/systemd/system/agent.service"
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -sfn ../agent.service "$root/etc/systemd/system/multi-user.target.wants/agent.service"
for user in dev other; do chroot "$root" useradd --create-home --shell /bin/sh "$user"; done
release=$(ls "$root/lib/modules")
cp "$root/boot/vmlinuz-$release" "$KEPT/vmlinuz"
for module in virtio_pci virtio_blk; do chroot "$root" modprobe --show-depends --set-version "$release" "$module"; done |
  sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' | while read -r module; do
  cp "$root$module" "$KEPT/ramdisk/modules/"
  basename "$module" >>"$KEPT/ramdisk/order"
done
cp "$root/bin/busybox" "$KEPT/ramdisk/bin/busybox"
printf '%s' "$INIT" >"$KEPT/ramdisk/init"
chmod 755 "$KEPT/ramdisk/init"
(cd "$KEPT/ramdisk" && find . | "$KEPT/ramdisk/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) >"$KEPT/initrd"
rm -rf "$KEPT/ramdisk" "$root"/boot/* "$root/var/cache/apt" "$root/var/lib/apt/lists"
`;

/**
 * A Debian that boots in a virtual machine, with this machine's Node. Made once by mmdebstrap, in a minute or three,
 * and kept.
 */
export async function guestImage(suite: string): Promise<GuestImage> {
  const node = await stat(process.execPath);
  const parts = [suite, packages, masked, init, agentUnit, finish, node.size, node.mtimeMs];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
  const folder = join(imageCacheFolder, `machine-${suite}-${key}`);
  const image = { kernel: join(folder, "vmlinuz"), initrd: join(folder, "initrd"), disk: join(folder, "disk") };
  if (await stat(image.disk).catch(() => undefined)) return image;
  await mkdir(imageCacheFolder, { recursive: true });
  const work = await mkdtemp(join(imageCacheFolder, "work-"));
  try {
    const [kept, root] = [join(work, "kept"), join(work, "root")];
    await mkdir(kept);
    const options = ["--quiet", "--variant=minbase", '--aptopt=Acquire::Check-Valid-Until "false"'];
    const words = ["mmdebstrap", ...options, `--include=${packages}`, `--customize-hook=${finish}`, suite, root];
    // What it mounts in the root goes with the namespace, should it be ended half-way: the folder is removed then.
    await run("unshare", ["--mount", "--propagation", "private", "--", ...words], {
      env: {
        ...process.env,
        ...{ KEPT: kept, NODE: process.execPath, MASKED: masked.join(" "), UNIT: agentUnit, INIT: init },
      },
      timeoutMs: 900_000,
    });
    await makeDisk(root, join(kept, "disk"));
    // Another process may have been first; what it has is as good.
    await rename(kept, folder).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return image;
}

/** An ext4 of 4 GB with a folder's content; it takes as much room as it has content. */
export async function makeDisk(folder: string, file: string): Promise<void> {
  await run("/sbin/mke2fs", ["-q", "-t", "ext4", "-O", "^has_journal", "-d", folder, file, "4G"], {
    timeoutMs: 300_000,
  });
}
