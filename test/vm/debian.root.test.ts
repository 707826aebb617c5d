import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startMachine, type VirtualMachine } from "../support/machine/virtual-machine";

/** [root only: mmdebstrap unpacks as root] Pure cgroup v2, AppArmor and systemd, on a Debian that is booted for it. */
describe("on Debian 12 as it comes", () => {
  let machine: VirtualMachine;

  beforeAll(async () => {
    machine = await startMachine("bookworm");
    // Else systemd ends the user's processes with the last session, an engine among them.
    await told(asRoot("loginctl enable-linger dev"));
    // It has done its work, and would look at each link of each container: a fifth of an emulated processor's time.
    await told(asRoot("systemctl stop systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket"));
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  const guest = "/repo/test/vm/guest";
  const doctor = "node /repo/build/cli/main.js doctor --json";
  const stopEngine = "node /repo/build/cli/main.js stop-engine";
  /** Logged in, as by ssh: a session of systemd's, with the user's own service manager. */
  const loggedIn = (user: string, script: string): string[] => ["su", "--login", user, "--command", script];
  /** As a cron job or `sudo -u` may: no session. */
  const withoutSession = (user: string, script: string): string[] => [
    ...["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--inh-caps=-all", "--"],
    ...["env", "-i", `HOME=/home/${user}`, `USER=${user}`, "PATH=/usr/local/bin:/usr/bin:/bin", "sh", "-c", script],
  ];
  const asRoot = (script: string): string[] => ["sh", "-c", script];

  async function told(command: readonly string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await machine.run(command);
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    return stdout.trim();
  }

  async function answerOf(command: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse(await told(command));
  }

  /** What `doctor` says of one requirement. */
  async function finding(command: readonly string[], name: string): Promise<Record<string, unknown> | undefined> {
    const findings: readonly Record<string, unknown>[] = JSON.parse(await told(command));
    return findings.find((one) => one["name"] === name);
  }

  /** Of engines of root, in the kernel. */
  async function profilesLeft(): Promise<string> {
    return await told(asRoot("grep ^runcible /sys/kernel/security/apparmor/profiles || true"));
  }

  /** The same for everybody who has a cgroup. */
  const held = {
    warnings: [],
    files: { "memory.max": "67108864", "cpu.max": "50000 100000", "pids.max": "32" },
    throttled: true,
    updated: { "memory.max": "100663296", "cpu.max": "25000 100000", "pids.max": "48" },
    stats: { limit: 100663296, pids: 1, usesMemory: true },
    paused: "paused",
    frozen: expect.stringContaining("frozen 1"),
    resumed: "running",
    seenInside: expect.stringMatching(/0::\/$/),
    error: expect.stringContaining("out of memory"),
    forksRefused: true,
    groupsLeft: [],
  };

  test("the machine has cgroup v2 alone, and AppArmor", async () => {
    const facts = await told(asRoot("stat -f -c %T /sys/fs/cgroup; cat /sys/module/apparmor/parameters/enabled"));
    expect(facts.split("\n")).toEqual(["cgroup2fs", "Y"]);
  });

  test("limits hold for root's containers", async () => {
    const answer = await answerOf(["node", `${guest}/limits.cjs`]);
    expect(answer).toMatchObject(held);
    expect(answer["group"]).toMatch(/^\/sys\/fs\/cgroup\/runcible-[0-9a-f]{8}\/[0-9a-f]{64}$/);
    expect(answer["profile"]).toMatch(/^runcible-[0-9a-f]{8} \(enforce\)$/);
  });

  test("AppArmor confines root's containers, what enters them, and steps of builds, but for those that ask not to be", async () => {
    const answer = await answerOf(["node", `${guest}/confined.cjs`]);
    const id = (await told(asRoot("cat /var/lib/runcible/engine-id"))).trim();
    const enforced = `runcible-${id} (enforce)`;
    // What it holds back is held by nothing else here: without it, each of them can be done.
    const own = ["ownName", "ownNetwork", "signal"];
    const free = { first: "unconfined", entered: "unconfined" };
    expect(answer).toEqual({
      options: ["name=apparmor", "name=seccomp,profile=builtin"],
      confined: { inspected: `runcible-${id}`, first: enforced, entered: enforced, done: own },
      unconfined: { inspected: "unconfined", ...free, done: ["mount", "setting", "dump", ...own] },
      privileged: { inspected: "unconfined", ...free, done: ["mount", "setting", "dump", ...own] },
      step: enforced,
      missing: expect.stringContaining("apparmor"),
    });
    await told(asRoot(stopEngine));
    expect(await profilesLeft()).toBe("");
  });

  test("limits hold for the containers of a user who logged in, in the cgroup that systemd delegates", async () => {
    const answer = await answerOf(loggedIn("dev", `node ${guest}/limits.cjs`));
    expect(answer).toMatchObject(held);
    expect(answer["group"]).toMatch(
      /^\/sys\/fs\/cgroup\/user\.slice\/user-\d+\.slice\/.*\.scope\/runcible-[0-9a-f]{8}\//,
    );
  });

  test("without a session limits are discarded, with a warning at each create and once in the log", async () => {
    const script = `node ${guest}/limits.cjs && grep -c "Limits of memory" .local/share/runcible/engine.log`;
    const [line = "", logged] = (await told(withoutSession("other", `cd && ${script}`))).split("\n");
    expect(JSON.parse(line)).toMatchObject({
      warnings: [expect.stringContaining("this user has no cgroup of its own")],
      paused: "paused",
      resumed: "running",
    });
    expect(logged).toBe("1");
  });

  test("doctor says who has limits, and how", async () => {
    expect(await finding(asRoot(doctor), "cgroups")).toMatchObject({
      state: "found",
      detail: "v2 with cpu, memory, pids",
    });
    expect(await finding(loggedIn("dev", doctor), "user limits")).toMatchObject({
      state: "found",
      detail: "by a cgroup that systemd gives the user",
    });
    expect(await finding(withoutSession("other", doctor), "user limits")).toMatchObject({ state: "optional" });
  });

  test("doctor says whether AppArmor confines root's containers, and what mends it", async () => {
    const confined = { state: "found", detail: "on; a profile of the engine confines containers", ways: ["root"] };
    expect(await finding(asRoot(doctor), "AppArmor")).toMatchObject(confined);
    expect(await finding(loggedIn("dev", doctor), "AppArmor")).toMatchObject(confined);
    await told(asRoot("mv /sbin/apparmor_parser /sbin/aside"));
    try {
      expect(await finding(asRoot(doctor), "AppArmor")).toMatchObject({
        state: "optional",
        remedy: "run: sudo apt-get install apparmor",
      });
    } finally {
      await told(asRoot("mv /sbin/aside /sbin/apparmor_parser"));
    }
  });

  test("a user to whom the kernel gives no namespaces is told the command that changes it, which does", async () => {
    await told(asRoot("sysctl -w kernel.unprivileged_userns_clone=0"));
    const script = "RUNCIBLE_STATE_DIR=$HOME/never-begun node /repo/build/cli/main.js ps";
    const { stderr } = await machine.run(loggedIn("other", script));
    const [, remedy = ""] = /root only; run: sudo (sysctl .*)/.exec(stderr) ?? [];
    expect(remedy, stderr).toBe("sysctl -w kernel.unprivileged_userns_clone=1");
    await told(asRoot(remedy));
    expect(await finding(loggedIn("other", doctor), "user namespaces")).toMatchObject({ state: "found" });
  });

  test("a user from whose namespaces AppArmor takes all rights, as on Ubuntu 24.04, is told the setting", async () => {
    // What Ubuntu's kernel does by its setting: the namespace is made, and nothing may be done in it.
    const profile =
      "profile rightless /usr/bin/unshare { file, network, unix, signal, ptrace, mount, umount, deny capability, }";
    // Debian's kernel lacks the setting itself: its file lies over the others.
    const shown =
      "mkdir /run/shown && echo 1 >/run/shown/apparmor_restrict_unprivileged_userns && mount --bind /run/shown";
    const never = "RUNCIBLE_STATE_DIR=$HOME/never-begun node /repo/build/cli/main.js ps";
    try {
      await told(asRoot(`echo '${profile}' | apparmor_parser --replace`));
      const guessed = await machine.run(loggedIn("other", never));
      expect(guessed.stderr).toContain("the system refuses user namespaces");
      await told(asRoot(`${shown} /proc/sys/kernel`));

      const { stderr } = await machine.run(loggedIn("other", never));

      expect(stderr).toContain("run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
      expect(await finding(loggedIn("other", `${doctor} || true`), "user namespaces")).toMatchObject({
        state: "missing",
        remedy: "run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
      });
    } finally {
      await machine.run(asRoot("umount /proc/sys/kernel; rm -r /run/shown"));
      await told(asRoot(`echo '${profile}' | apparmor_parser --remove`));
    }
    expect(await finding(loggedIn("other", doctor), "user namespaces")).toMatchObject({ state: "found" });
  });

  test.each([
    ["root", "root", "/var/lib/runcible", asRoot],
    ["a user who logged in", "dev", "/home/dev/.local/share/runcible", (script: string) => loggedIn("dev", script)],
  ])(
    "an engine of %s that is killed leaves no cgroup, not even of a paused container, and no profile",
    async (_who, user, stateFolder, as) => {
      const groups: readonly string[] = JSON.parse(await told(as(`node ${guest}/keep.cjs`)));
      expect(groups).toHaveLength(2);

      await told(asRoot(`pkill -KILL -u ${user} -f '^/usr/local/bin/node /repo/build/engine/main.js'`));

      // The supervisor keeps it until it has cleared up.
      await told(asRoot(`flock --wait 1200 ${stateFolder}/engine.lock true`));
      for (const group of groups) await told(asRoot(`[ ! -e ${group} ]`));
      expect(await profilesLeft()).toBe("");
    },
  );

  describe("in a container, with an engine of its own", () => {
    const outer = ["--volume", "/usr:/usr:ro", "--volume", "/repo:/repo:ro", "outer"];
    const unguarded = (...guards: readonly string[]): readonly string[] =>
      guards.flatMap((guard) => ["--security-opt", `${guard}=unconfined`]);
    const nested = ["node", `${guest}/nested.cjs`];
    const allWell = {
      ...{ fromOutside: "answered", fromInside: "answered", files: ["written", "copied"], left: 0 },
      ...{ profile: "unconfined", driver: "vfs", isRootless: true },
    };

    /** An image that is this machine's files, but for what is bound in. */
    const importOuter = (docker: string): string => `
      set -e; mkdir -p /var/outer; cd /var/outer; mkdir -p usr repo proc sys dev run var/lib root home/dev
      mkdir -m 1777 -p tmp var/tmp
      for name in bin sbin lib lib64; do ln -sfn usr/$name $name; done
      cp -a /etc .; tar c . | ${docker} import - outer`;

    describe.each([
      [
        "of Docker",
        "docker -H unix:///run/outer.sock",
        `dockerd --exec-root /run/outer --data-root /var/docker -H unix:///run/outer.sock -p /run/outer.pid >/var/docker.log 2>&1 &
        until docker -H unix:///run/outer.sock version >/dev/null 2>&1; do kill -0 $!; sleep 0.5; done`,
        "kill $(cat /run/outer.pid); while [ -e /run/outer.pid ]; do sleep 0.2; done",
      ],
      [
        "of this engine",
        "docker -H unix:///var/lib/runcible/engine.sock",
        "RUNCIBLE_IDLE_SECONDS=0 node /repo/build/cli/main.js info",
        stopEngine,
      ],
    ])("%s", (_whose, docker, start, end) => {
      beforeAll(async () => {
        await told(asRoot(start));
        await told(asRoot(importOuter(docker)));
      });
      afterAll(() => machine.run(asRoot(end)));
      const inside = (words: readonly string[]): ReturnType<VirtualMachine["run"]> =>
        machine.run([...docker.split(" "), "run", "--rm", ...words]);

      test("runs containers with three options, as root without any right over the machine", async () => {
        const options = unguarded("seccomp", "systempaths", "apparmor");
        const { exitCode, stdout, stderr } = await inside([...options, ...outer, ...nested]);
        expect(exitCode, stderr).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject(allWell);
      });

      test("says that it needs apparmor=unconfined where that lacks", async () => {
        const options = unguarded("seccomp", "systempaths");
        const { exitCode, stderr } = await inside([...options, ...outer, ...nested]);
        expect(exitCode).toBe(1);
        expect(stderr).toContain("apparmor=unconfined");
      });
    });
  });
});
