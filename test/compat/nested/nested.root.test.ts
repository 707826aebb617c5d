import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunResult, run, runUnchecked } from "../../../src/internal/exec";
import { socketPathOf } from "../../../src/internal/state-folder";
import { startDockerOn } from "../../support/docker";
import { startEngineOn } from "../../support/engine-on";
import { allWell } from "./all-well";
import { type Daemon, type Nest, openNest } from "./nest";

/** [root only: it starts a dockerd, and devices are handed to containers] */
let nest: Nest;

beforeAll(async () => {
  nest = await openNest();
});
afterAll(() => nest?.[Symbol.asyncDispose]());

const seccomp = ["--security-opt", "seccomp=unconfined"];
const systempaths = ["--security-opt", "systempaths=unconfined"];
/** The fewest that work, for root and for an ordinary user. */
const options = [...seccomp, ...systempaths];
const rights = ["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN"];
const volume = ["--volume", "/var/lib/runcible"];
const volumeOfUser = ["--volume", "/home/dev/.local"];

/** Runs a script in a container of a daemon that has the checkout, and is gone afterwards. */
async function inside(daemon: Daemon, args: readonly string[], script: string): Promise<RunResult> {
  const command = ["--host", daemon.host, "run", "--rm", ...nest.mounts, ...args];
  return await runUnchecked("docker", [...command, "nested", "sh", "-c", script], { timeoutMs: 240_000 });
}

const showLog = "cat /var/lib/runcible/engine.log >&2";
const core = "node /repo/test/compat/nested/core.cjs";
/** As the user `dev`, with newuidmap as Debian has it or with the capability in its place. */
const asUser = (newuidmap: "set-user-id" | "capability", script: string): string => {
  const change =
    newuidmap === "set-user-id"
      ? ""
      : "chmod u-s /usr/bin/new[ug]idmap; setcap cap_setuid+ep /usr/bin/newuidmap; setcap cap_setgid+ep /usr/bin/newgidmap;";
  return `${change} chown dev: /home/dev/.local 2>/dev/null; cd /home/dev; export HOME=/home/dev; exec setpriv --reuid dev --regid dev --init-groups -- sh -c '${script}'`;
};

async function coreIn(daemon: Daemon, args: readonly string[], script = core): Promise<Record<string, unknown>> {
  const { stdout, stderr, exitCode } = await inside(daemon, args, script);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

async function startOuterEngine(): Promise<Daemon> {
  const stateFolder = await mkdtemp(join(tmpdir(), "runcible-outer-"));
  const engine = await startEngineOn(undefined, stateFolder);
  return {
    docker: engine.docker,
    host: `unix://${socketPathOf(stateFolder, 0)}`,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await run("rm", ["-rf", stateFolder]);
    },
  };
}

describe("in a container of Docker", () => {
  let docker: Daemon;

  beforeAll(async () => {
    docker = await nest.start(startDockerOn);
  });

  describe("without an option that is needed, says which", () => {
    test.each([
      ["seccomp=unconfined", [], core],
      ["systempaths=unconfined", seccomp, core],
      ["seccomp=unconfined", [], asUser("capability", core)],
      ["systempaths=unconfined", seccomp, asUser("capability", core)],
      ["setcap cap_setuid+ep /usr/bin/newuidmap", options, asUser("set-user-id", core)],
    ])("%s", async (named, args, script) => {
      const { stderr, exitCode } = await inside(docker, args, script);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain(named);
      const doctor = await inside(docker, args, script.replace(core, "node /repo/build/cli/main.js doctor"));
      expect(doctor.exitCode).toBe(1);
      expect(doctor.stdout).toContain(named);
    });
  });

  describe("as root", () => {
    test("with the fewest options, roots are copies", async () => {
      const told = await coreIn(docker, options);
      expect(told).toMatchObject({ ...allWell, driver: "vfs" });
      expect(told["why"]).toMatch(/overlays do not nest; fuse-overlayfs: there is no \/dev\/fuse/);
    });

    test("with /dev/fuse and /dev/net/tun, roots are fuse-overlayfs's, and there is a way out", async () => {
      const devices = ["--device", "/dev/fuse", "--device", "/dev/net/tun"];
      const told = await coreIn(docker, [...options, ...devices, "--env", `OTHER=${nest.other.address}`]);
      expect(told).toMatchObject({ ...allWell, driver: "fuse-overlayfs", other: nest.other.neighbour });
    });

    test("without /dev/net/tun, the log names the option for a way out", async () => {
      const { stderr } = await inside(docker, options, `node /repo/build/cli/main.js info && ${showLog}`);
      expect(stderr).toContain("no way out to other machines: there is no /dev/net/tun");
      expect(stderr).toContain("--device /dev/net/tun");
    });

    test("starts wait for the memory of the container around, and a killed engine leaves nothing", async () => {
      const args = [...options, ...volume, "--memory", "600m"];
      const { stdout, stderr, exitCode } = await inside(docker, args, "node /repo/test/compat/nested/engine-life.cjs");
      expect(exitCode, stderr).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ whileWaiting: 1, waited: expect.stringMatching(/^waited/), left: 0 });
    });

    test("with the state folder on a volume, roots are overlays", async () => {
      const told = await coreIn(docker, [...options, ...volume]);
      expect(told).toMatchObject({ ...allWell, driver: "overlay2" });
    });

    test("with a volume anywhere, layers and containers go there", async () => {
      const told = await coreIn(docker, [...options, "--volume", "/cache"]);
      expect(told).toMatchObject({ ...allWell, driver: "overlay2" });
      expect(told["why"]).toMatch(/Folder: \/cache\/\.runcible-/);
    });

    test("with the rights to mount and make networks, /proc may be masked, and the way out needs no device", async () => {
      const told = await coreIn(docker, [...rights, ...seccomp, ...volume, "--env", `OTHER=${nest.other.address}`]);
      expect(told).toMatchObject({ ...allWell, driver: "overlay2", warnings: [], other: nest.other.neighbour });
    });

    test("with these rights alone, the start of a container says what lacks", async () => {
      const { stderr, exitCode } = await inside(docker, [...rights, ...volume], core);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("seccomp=unconfined");
    });

    test("doctor is content, and tells what lacks for a way out", async () => {
      const { stdout, exitCode } = await inside(docker, options, "node /repo/build/cli/main.js doctor");
      expect(exitCode, stdout).toBe(0);
      expect(stdout).toContain("--device /dev/net/tun");
      expect(stdout).toContain("--device /dev/fuse");
    });
  });

  describe("as an ordinary user", () => {
    test("with the fewest options, roots are copies", async () => {
      const told = await coreIn(docker, options, asUser("capability", core));
      expect(told).toMatchObject({ ...allWell, driver: "vfs" });
    });

    test("with the state folder on a volume, roots are overlays", async () => {
      const told = await coreIn(docker, [...options, ...volumeOfUser], asUser("capability", core));
      expect(told).toMatchObject({ ...allWell, driver: "overlay2" });
    });
  });
});

describe("in a container of this engine", () => {
  let engine: Daemon;

  beforeAll(async () => {
    engine = await nest.start(startOuterEngine);
  });

  test.each([
    ["as root", core],
    ["as an ordinary user", asUser("capability", core)],
  ])("%s, with the options that Docker needs", async (_who, script) => {
    expect(await coreIn(engine, options, script)).toMatchObject({ ...allWell, driver: "vfs" });
  });

  test("with the state folder on a volume, roots are overlays", async () => {
    expect(await coreIn(engine, [...options, ...volume])).toMatchObject({ ...allWell, driver: "overlay2" });
  });

  test("without an option that is needed, says which", async () => {
    const { stderr } = await inside(engine, [], core);
    expect(stderr).toContain("seccomp=unconfined");
  });
});
