import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Deferred, deferred } from "../../../src/internal/deferred";
import { exitOf, type RunResult, run, runUnchecked, spawnTool } from "../../../src/internal/exec";
import { imageCacheFolder } from "../images";
import { guestImage, makeDisk } from "./guest-image";

export interface VirtualMachine extends AsyncDisposable {
  /** Runs a command in it as root, to its end. */
  run(command: readonly string[]): Promise<RunResult>;
}

const checkout = new URL("../../..", import.meta.url).pathname;
/** Two minutes have been seen, of an emulated processor that it shared with ten others. */
const bootLimitMs = 1_200_000;

/**
 * A processor without what costs emulation most (five levels of pages, guards at each copy from a process), and only
 * one: two wait for each other when the machine around has something else to do.
 */
const emulated = ["-cpu", "Nehalem", "-smp", "1"];
/**
 * For the kernel, whose guards against other processors' flaws cost several times as much there; and systemd gives up
 * nothing.
 */
const patient = "mitigations=off rcupdate.rcu_expedited=1 systemd.default_timeout_start_sec=1200";

/**
 * Boots a Debian with this checkout in `/repo`. Nothing that it writes is kept. By KVM where this machine can, else
 * by emulation, which takes some ten times as long. The machine ends with this process.
 */
export async function startMachine(suite: string): Promise<VirtualMachine> {
  const image = await guestImage(suite);
  const folder = await mkdtemp(join(imageCacheFolder, "work-machine-"));
  removeWithThisProcess(folder);
  const disk = join(folder, "checkout");
  const console = join(folder, "console");
  try {
    await makeDisk(await stagedCheckout(folder), disk);
    const processor = (await hasKvm())
      ? ["-accel", "kvm", "-cpu", "host", "-smp", "2"]
      : ["-accel", "tcg", ...emulated];
    const drives = [image.disk, disk].flatMap((file) => ["-drive", `file=${file},if=virtio,format=raw,snapshot=on`]);
    const args = [
      ...[...processor, "-m", "3072", "-nodefaults", "-display", "none", "-no-reboot"],
      ...["-kernel", image.kernel, "-initrd", image.initrd, ...drives],
      ...[
        "-append",
        `console=ttyS0 panic=-1 quiet systemd.show_status=0 rw root=/dev/vda ${patient}`,
        "-serial",
        `file:${console}`,
      ],
      ...["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=agent"],
      ...["-chardev", "stdio,id=agent,signal=off"],
    ];
    return await boot(args, folder, console);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Resolves when the agent in it (test/vm/guest/agent.cjs) says that it is there. */
async function boot(args: readonly string[], folder: string, console: string): Promise<VirtualMachine> {
  const child = spawnTool("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    // Where qemu keeps what is written to the disks.
    env: { ...process.env, TMPDIR: folder },
  });
  const booted = deferred<RunResult>();
  const waiting = new Map<number, Deferred<RunResult>>([[0, booted]]);
  const errors: string[] = [];
  child.stderr?.on("data", (chunk) => errors.push(String(chunk)));
  child.stdin?.on("error", () => {});
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, ...result } = JSON.parse(line) as RunResult & { readonly id: number };
      waiting.get(id)?.resolve(result);
      waiting.delete(id);
    });
  }
  let hasEnded = false;
  const ended = exitOf(child, "qemu-system-x86_64").catch((error: unknown) => errors.push(String(error)));
  const fallen = ended.then(async () => {
    hasEnded = true;
    const said = await readFile(console, "utf8").catch(() => "");
    const error = new TypeError(`the machine ended:\n${errors.join("")}\n${said.slice(-4_000)}`);
    for (const one of waiting.values()) one.reject(error);
    return error;
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), bootLimitMs);
  try {
    await booted.promise;
  } finally {
    clearTimeout(limit);
  }
  let count = 0;
  return {
    async run(command) {
      if (hasEnded) throw await fallen;
      const id = ++count;
      const result = deferred<RunResult>();
      waiting.set(id, result);
      child.stdin?.write(`${JSON.stringify({ id, command })}\n`);
      return await result.promise;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await fallen;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Also when it is killed, which no handler here would see: its end of the pipe closes then. */
function removeWithThisProcess(folder: string): void {
  // qemu, which dies at the same moment, may just be making a file in it.
  const script = 'cat >/dev/null; rm -rf "$0"; sleep 1; rm -rf "$0"';
  const child = spawnTool("setsid", ["sh", "-c", script, folder], { stdio: ["pipe", "ignore", "ignore"] });
  child.unref();
  (child.stdin as Socket | null)?.unref();
}

/** A processor that cannot do it may have the device all the same, and then emulates at a crawl. */
async function hasKvm(): Promise<boolean> {
  if (!/\b(vmx|svm)\b/.test(await readFile("/proc/cpuinfo", "utf8"))) return false;
  return await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** What the tests in the machine need of this checkout, by links where the file system allows. */
async function stagedCheckout(folder: string): Promise<string> {
  const staged = join(folder, "staged");
  await mkdir(join(staged, "test"), { recursive: true });
  for (const name of ["package.json", "build", "node_modules", "test/vm"]) {
    const { exitCode } = await runUnchecked("cp", ["-al", join(checkout, name), join(staged, name)]);
    if (exitCode !== 0) await run("cp", ["-a", join(checkout, name), join(staged, name)], { timeoutMs: 300_000 });
  }
  return staged;
}
