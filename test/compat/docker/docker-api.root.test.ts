import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { exitOf, run, spawnTool } from "../../../src/internal/exec";
import { startDockerOn, type TestDocker } from "../../support/docker";
import { loadTestImages } from "../../support/load-test-images";
import { openNamespace } from "../../support/network/namespace";
import { startPodmanOn } from "../../support/podman";
import { rootTest } from "../../support/run-as";
import { waitUntil } from "../../support/wait-until";

const needsRoot = "a daemon with a bridge needs root";
/** Programs of Debian in images of ours stand in for what no registry here has. */
const images = {
  "bb:latest": "busybox",
  "testcontainers/ryuk:0.14.0": "reaper",
  "testcontainers/sshd:1.4.0": "sshd",
  "localhost/socat:1": "socat",
} as const;

describe.each([
  ["Docker", startDockerOn],
  ["Podman", startPodmanOn],
] as const)("%s", (daemon, start) => {
  let machine: AsyncDisposable & { readonly path: string };
  let docker: TestDocker;
  /** For temporary files of the test processes: what one that is killed leaves goes with the suite. */
  let folder: string;

  beforeAll(async () => {
    machine = await openNamespace();
    docker = await start(machine.path);
    folder = await mkdtemp(join(tmpdir(), "runcible-on-docker-"));
    await loadTestImages([docker.host], images);
  });

  afterAll(async () => {
    await docker?.[Symbol.asyncDispose]();
    await machine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Containers, networks and images of any test process. */
  async function remains(): Promise<string> {
    const filter = ["--filter", "label=org.testcontainers=true", "--quiet"];
    const listed = [
      ["ps", "--all"],
      ["network", "ls"],
      ["image", "ls"],
    ].map((verb) => docker.docker(...verb, ...filter));
    return (await Promise.all(listed)).join("");
  }

  /** What one test leaves is none of the next one's business. */
  beforeEach(async () => {
    expect(await waitUntil(isClean, 30_000)).toBe(true);
  });

  /** Podman fails to list what is just being removed. */
  async function isClean(): Promise<boolean> {
    return (await remains().catch(String)) === "";
  }

  /** On the daemon's machine, where its published ports are. */
  function userProcess(scenario: string, env: NodeJS.ProcessEnv = {}): readonly [string, readonly string[], object] {
    const settings = {
      DOCKER_HOST: docker.host,
      TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: "1s",
      TMPDIR: folder,
      ...env,
    };
    const args = [
      `--net=${machine.path}`,
      "--",
      process.execPath,
      join(import.meta.dirname, "on-docker.cjs"),
      scenario,
    ];
    return ["nsenter", args, { env: { ...process.env, ...settings } }];
  }

  async function seenBy(scenario: string, env?: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
    const [program, args, options] = userProcess(scenario, env);
    return JSON.parse((await run(program, args, { ...options, timeoutMs: 120_000 })).stdout);
  }

  rootTest("a test process that is killed leaves nothing on the daemon, nor does its reaper", needsRoot, async () => {
    const [program, args, options] = userProcess("hang");
    const child = spawnTool(program, args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
    const ended = exitOf(child, program);
    const [line] = child.stdout === null ? [] : await once(child.stdout, "data");
    expect(await remains()).not.toBe("");

    child.kill("SIGKILL");
    await ended;

    expect(await waitUntil(isClean, 30_000)).toBe(true);
    const { session, label, reaper } = JSON.parse(String(line));
    expect(label).toBe(session);
    expect(reaper).toMatch(/^[0-9a-f]{64}$/);
  });

  rootTest("processes that run at once share one reaper and its session", needsRoot, async () => {
    const [first, second] = await Promise.all([seenBy("use"), seenBy("use")]);

    expect(second).toEqual(first);
  });

  rootTest("a reaper that has lost its port, as one that is just ending has, is passed over", needsRoot, async () => {
    const labels = ["--label", "org.testcontainers.ryuk=true", "--label", "org.testcontainers.session-id=ending"];
    const ending = (
      await docker.docker("run", "-d", "--network", "none", ...labels, "bb:latest", "sleep", "600")
    ).trim();

    const { reaper } = await seenBy("use");

    expect(reaper).toMatch(/^[0-9a-f]{64}$/);
    expect(reaper).not.toBe(ending);
    await docker.docker("rm", "--force", ending);
  });

  rootTest("a reaper that acknowledges nothing, as one that is just removing, is passed over", needsRoot, async () => {
    const labels = ["--label", "org.testcontainers.ryuk=true", "--label", "org.testcontainers.session-id=removing"];
    // Takes connections on the reaper's port and hangs up.
    const server = ["bb:latest", "httpd", "-f", "-p", "8080"];
    const removing = (await docker.docker("run", "-d", "-p", "127.0.0.1::8080", ...labels, ...server)).trim();

    const { session, reaper } = await seenBy("use");

    expect(session).not.toBe("removing");
    expect(reaper).not.toBe(removing);
    await docker.docker("rm", "--force", removing);
  });

  rootTest("a port of the host is reached on every network, through the SSH server", needsRoot, async () => {
    // As on a machine that is no container itself; there the daemon's ports are on the bridge.
    expect(await seenBy("hostPorts", { TESTCONTAINERS_HOST_OVERRIDE: "localhost" })).toEqual({
      answers: Array(3).fill("from the host\n"),
      addresses: ["127.0.0.1"],
    });
  });

  rootTest("a port that is reserved becomes the container's, and alias ports are done without", needsRoot, async () => {
    const seen = await seenBy("ports", { TESTCONTAINERS_HOST_OVERRIDE: "localhost" });

    expect(seen).toEqual({ code: "EADDRINUSE", isSame: true, answer: expect.stringMatching(/^root:/) });
  });

  rootTest("socat forwards to a container that publishes nothing", needsRoot, async () => {
    expect(await seenBy("socat")).toEqual({ answer: expect.stringMatching(/^root:/) });
  });

  rootTest(`${daemon} builds, and BuildKit where there is one tells what failed`, needsRoot, async () => {
    if (daemon === "Podman") {
      expect(await seenBy("classicBuild")).toEqual({
        printed: "built\n",
        failure: expect.objectContaining({ code: "not-implemented", message: expect.stringMatching(/no BuildKit/) }),
      });
      return;
    }
    const failed = {
      code: "build-step-failed",
      evidence: { exitCode: 7, output: expect.stringContaining("on its way") },
    };
    const seen = await seenBy("builds");

    expect(seen).toMatchObject({
      classic: "classic\n/app/kept/file\n",
      // Docker's own command line sends the two apart; in the context that the API takes they are files like others.
      buildkit: "buildkit\n/app/.dockerignore\n/app/Dockerfile\n/app/kept/file\n",
      classicFailure: { ...failed, evidence: { ...failed.evidence, instruction: "RUN echo on its way; exit 7" } },
      buildkitFailure: { ...failed, evidence: { ...failed.evidence, instruction: "RUN echo on its way; exit 7" } },
      targetFailure: { message: expect.stringContaining("nosuch") },
    });
  });

  rootTest("processes that ask for a reusable container at once get one", needsRoot, async () => {
    const ids = (await Promise.all([seenBy("reuse"), seenBy("reuse"), seenBy("reuse")])).map(({ id }) => String(id));

    expect(new Set(ids).size).toBe(1);
    await docker.docker("rm", "--force", ids[0] ?? "");
  });

  rootTest("nothing is reused where that is switched off, and only there", needsRoot, async () => {
    const idOf = async (value: string): Promise<string> =>
      String((await seenBy("reuse", { TESTCONTAINERS_REUSE_ENABLE: value }))["id"]);
    const [shared, again] = [await idOf("0"), await idOf("true")];

    const own = await idOf("false");

    expect(again).toBe(shared);
    expect(own).not.toBe(shared);
    await docker.docker("rm", "--force", shared);
  });

  rootTest("dockerode is at hand, on the same daemon", needsRoot, async () => {
    expect(await seenBy("dockerode")).toEqual({ isSame: true, titles: true });
  });

  rootTest("every setting of the reaper and of the SSH server has its effect", needsRoot, async () => {
    for (const image of ["testcontainers/ryuk:0.14.0", "testcontainers/sshd:1.4.0", "bb:latest"]) {
      await docker.docker("tag", image, `localhost/mirror/${image}`);
    }
    const socket = join(folder, "other-name.sock");
    await symlink(docker.host.slice("unix://".length), socket);
    // Docker gives all capabilities that the kernel has, and a machine for tests may have fewer.
    const isPrivileged = daemon === "Podman";
    const settings = {
      TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX: "localhost/mirror/",
      TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: socket,
      TESTCONTAINERS_HOST_OVERRIDE: "127.0.0.1",
      TESTCONTAINERS_RYUK_PRIVILEGED: String(isPrivileged),
      TESTCONTAINERS_RYUK_PORT: "20080",
      TESTCONTAINERS_RYUK_VERBOSE: "true",
      TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: "2s",
      TESTCONTAINERS_SSHD_PORT: "20022",
    };

    expect(await seenBy("services", settings)).toEqual({
      reaper: {
        image: "localhost/mirror/testcontainers/ryuk:0.14.0",
        binds: [expect.stringMatching(new RegExp(`^${socket}:/var/run/docker\\.sock`))],
        isPrivileged,
        port: "20080",
        environment: expect.arrayContaining(["RYUK_VERBOSE=true", "RYUK_RECONNECTION_TIMEOUT=2s"]),
      },
      forwarder: expect.objectContaining({ image: "localhost/mirror/testcontainers/sshd:1.4.0", port: "20022" }),
      container: "127.0.0.1",
    });
  });

  rootTest(
    "other images clear up and forward ports, and without settings nothing is privileged",
    needsRoot,
    async () => {
      const images = { RYUK_CONTAINER_IMAGE: "localhost/ryuk:own", SSHD_CONTAINER_IMAGE: "localhost/sshd:own" };
      await docker.docker("tag", "testcontainers/ryuk:0.14.0", images.RYUK_CONTAINER_IMAGE);
      await docker.docker("tag", "testcontainers/sshd:1.4.0", images.SSHD_CONTAINER_IMAGE);
      const settings = { ...images, TESTCONTAINERS_RYUK_PRIVILEGED: "yes", TESTCONTAINERS_HOST_OVERRIDE: "localhost" };

      expect(await seenBy("services", settings)).toMatchObject({
        reaper: { image: "localhost/ryuk:own", isPrivileged: false },
        forwarder: { image: "localhost/sshd:own" },
        container: "localhost",
      });
    },
  );

  rootTest("without the reaper a process leaves what it made", needsRoot, async () => {
    const { id, reaper, reapers } = await seenBy("disabled", { TESTCONTAINERS_RYUK_DISABLED: "true" });

    expect({ reaper, reapers }).toEqual({ reaper: "", reapers: [] });
    expect(await docker.docker("ps", "--quiet", "--no-trunc")).toBe(`${id}\n`);
    await docker.docker("rm", "--force", String(id));
  });

  rootTest("a reaper that cannot be had is an error that says what to do", needsRoot, async () => {
    const { failure } = await seenBy("withoutReaper", { RYUK_CONTAINER_IMAGE: "localhost:1/nosuch:1" });

    expect(failure).toMatchObject({
      code: "reaper-failed",
      message: expect.stringMatching(/nosuch.*TESTCONTAINERS_RYUK_DISABLED=true/s),
    });
  });
});
