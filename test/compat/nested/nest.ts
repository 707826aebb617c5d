import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveTestImage } from "../../support/images";
import { outerImage } from "../../support/nested/outer-image";
import { openNamespace } from "../../support/network/namespace";
import { type OtherMachine, startOtherMachine } from "../../support/network/other-machine";

/** As much of a daemon as is needed to have engines in its containers. */
export interface Daemon extends AsyncDisposable {
  /** `unix://…` */
  readonly host: string;
  docker(...args: readonly string[]): Promise<string>;
}

/** A machine of the test's own (its network namespace), with daemons in whose containers engines are tried. */
export interface Nest extends AsyncDisposable {
  /** On a cable with that machine. */
  readonly other: OtherMachine;
  /** For `docker run`: the checkout, and the image that core.cjs loads. */
  readonly mounts: readonly string[];
  /** The daemon has the image `nested`, see `outerImage`, and ends with the nest. */
  start(daemon: (machine: string) => Promise<Daemon>): Promise<Daemon>;
}

const checkout = new URL("../../..", import.meta.url).pathname;

export async function openNest(): Promise<Nest> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one();
  };
  const owned = <T extends AsyncDisposable>(one: T): T => {
    opened.push(async () => one[Symbol.asyncDispose]());
    return one;
  };
  try {
    const images = await mkdtemp(join(tmpdir(), "runcible-nested-"));
    opened.push(() => rm(images, { recursive: true, force: true }));
    // Also for an ordinary user of the container.
    await chmod(images, 0o755);
    await saveTestImage("redis", "redis:nested", join(images, "redis.tar"));
    const outer = await outerImage();
    const machine = owned(await openNamespace());
    return {
      other: owned(await startOtherMachine(machine.path)),
      mounts: ["--volume", `${checkout}:/repo:ro`, "--volume", `${images}:/images:ro`],
      start: async (daemon) => {
        const started = owned(await daemon(machine.path));
        await started.docker("import", outer, "nested");
        return started;
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
