import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type * as Runcible from "../../../src/index";
import {
  GenericContainer,
  getContainerRuntimeClient,
  PullPolicy,
  type RuncibleError,
  StartupCheckStrategy,
  type StartupStatus,
  Wait,
  type WaitStrategy,
} from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { builtPackage } from "../../support/built-package";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";

// What users of such frameworks complain about most, by the number it has in the project's list of pains.

useNewEngineOfThisFile();
const { DockerComposeEnvironment } = builtPackage;
let image: string;
beforeAll(async () => {
  image = await busyboxImage();
});

type Change = (container: GenericContainer) => GenericContainer;

async function failureOf(container: GenericContainer): Promise<RuncibleError> {
  return await container.start().then(
    async (started) => {
      await started.stop();
      return expect.fail("it started");
    },
    (error) => error,
  );
}

const shell =
  (script: string): Change =>
  (container) =>
    container.withCommand(["sh", "-c", script]);

/** This machine's busybox, as if it were for another processor. */
function foreignProgram(): { readonly content: Buffer; readonly target: string; readonly mode: number } {
  const content = readFileSync("/usr/bin/busybox");
  const machineField = 18;
  content.writeUInt16LE(process.arch === "arm64" ? 62 : 183, machineField);
  return { content, target: "/foreign", mode: 0o755 };
}

const failures: readonly (readonly [kind: string, change: Change, message: RegExp])[] = [
  ["a bad command", (container) => container.withCommand(["serve", "--now"]), /serve.*not found/],
  [
    "a file that is no program",
    (container) => container.withCommand(["/etc/passwd"]),
    /\/etc\/passwd.*permission denied/,
  ],
  [
    "a missing variable",
    shell('test -n "$SECRET" || { echo SECRET: must be set; exit 2; }'),
    /exit code [12].*SECRET: must be set/s,
  ],
  ["a wrong configuration", shell("echo 'line 7: unknown directive' >&2; exit 78"), /exit code 78.*line 7: unknown/s],
  [
    "want of memory",
    (container) => shell("exec tail /dev/zero")(container.withResourcesQuota({ memory: 0.02 })),
    /out of memory/,
  ],
  ["a signal", shell("sh -c 'kill -SEGV $$'; exit $?"), /exit code 139/],
  [
    "a slow start",
    (container) => shell("echo warming up; sleep 60")(container.withStartupTimeout(500)),
    /not received after 500ms.*warming up/s,
  ],
  ["an unknown user", (container) => container.withUser("nobody-here"), /nobody-here/],
  [
    "a bind source that lacks",
    (container) => container.withBindMounts([{ source: "/no/such/folder", target: "/x" }]),
    /\/no\/such\/folder/,
  ],
  [
    "a program for another processor",
    (container) => container.withCopyContentToContainer([foreignProgram()]).withCommand(["/foreign"]),
    /\/foreign.*exec format error/,
  ],
  [
    "an image for another processor",
    (container) => container.withPlatform("linux/s390x").withPullPolicy(PullPolicy.never()),
    /linux\/s390x/,
  ],
  ["a network that lacks", (container) => container.withNetworkMode("no-such-network"), /no-such-network/],
];

test.each(failures)("pain 5: a start that fails for %s says so in its message", async (_, change, message) => {
  const container = change(new GenericContainer(image).withCommand(["sleep", "60"])).withWaitStrategy(
    Wait.forLogMessage("ready").withStartupTimeout(500),
  );

  expect((await failureOf(container)).message).toMatch(message);
});

test("pain 5: a start that fails for a port of somebody else says so in its message", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const container = new GenericContainer(image).withExposedPorts({ container: 80, host: port });

  expect((await failureOf(container)).message).toMatch(new RegExp(`${port}.*already`));
});

test("pain 5: a start that fails for an image that lacks says so in its message", async () => {
  const container = new GenericContainer("127.0.0.1:1/no/such:image");

  expect((await failureOf(container)).message).toContain("127.0.0.1:1");
});

test("pain 5: the error of a start that fails has in its fields what its message tells", async () => {
  const container = new GenericContainer(image)
    .withCommand(["sh", "-c", "echo loading; echo no such table >&2; exit 4"])
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage("loading"), Wait.forLogMessage("ready")]));

  const { code, message, evidence } = await failureOf(container);

  expect(code).toBe("start-failed");
  expect(evidence).toMatchObject({
    image,
    imageId: expect.stringMatching(/^sha256:/),
    exitCode: 4,
    isOutOfMemory: false,
  });
  expect(evidence["log"]).toEqual(expect.arrayContaining(["loading", "no such table"]));
  const waits = evidence["waits"] as readonly { readonly wait: string; readonly readyAfterMs?: number }[];
  expect(waits.map(({ readyAfterMs }) => readyAfterMs !== undefined)).toEqual([true, false]);
  for (const { wait } of waits) expect(message).toContain(wait);
});

/** Of a user's: it looks at nothing but its own question, which never gets an answer. */
class NeverReady extends StartupCheckStrategy {
  override async checkStartupState(): Promise<StartupStatus> {
    return "PENDING";
  }
}

const ownWait: WaitStrategy = {
  waitUntilReady: () => new Promise(() => {}),
  withStartupTimeout: () => ownWait,
  isStartupTimeoutSet: () => false,
  getStartupTimeout: () => 0,
};

const waits: readonly (readonly [string, WaitStrategy])[] = [
  ["listening ports", Wait.forListeningPorts()],
  ["a log line", Wait.forLogMessage("never")],
  ["HTTP", Wait.forHttp("/", 80)],
  ["HTTP, with the original's own switch", Wait.forHttp("/", 80, { abortOnContainerExit: true })],
  ["a health check", Wait.forHealthCheck()],
  ["a command", Wait.forSuccessfulCommand("false")],
  ["a check of the user's own", new NeverReady()],
  ["a strategy of the user's own", ownWait],
  ["all of several, one of them the user's own", Wait.forAll([Wait.forLogMessage(/one/), ownWait])],
  ["all of several", Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage("never")])],
  ["all of several, with a deadline", Wait.forAll([Wait.forHealthCheck(), Wait.forHttp("/", 80)]).withDeadline(90_000)],
  ["its own end", Wait.forOneShotStartup()],
];

test.each(waits)(
  "pain 21: a wait for %s ends when its container does",
  async (_, wait) => {
    const container = new GenericContainer(image)
      .withExposedPorts(80)
      .withHealthCheck({ test: ["CMD-SHELL", "false"], interval: 60_000 })
      .withCommand(["sh", "-c", "echo one; sleep 0.5; exit 9"])
      .withStartupTimeout(100_000)
      .withWaitStrategy(wait);

    // The test's own time limit is shorter than the wait's.
    expect(await failureOf(container)).toMatchObject({
      message: expect.stringMatching(/exit code 9|Container exited/),
      evidence: { exitCode: 9 },
    });
  },
  60_000,
);

const builds: readonly (readonly [what: string, step: string, message: RegExp])[] = [
  [
    "a command that fails, with the last fifty lines it said",
    "RUN for i in $(seq 60); do echo said $i.; done; echo missing semicolon; exit 3",
    /code: 3 \(Dockerfile:3: RUN for i .*\)\nsaid 12\.\n.*said 60\.\nmissing semicolon$/s,
  ],
  [
    "an instruction that is none",
    "RUNN true",
    /unknown instruction: RUNN.*Dockerfile:3|line 3: unknown instruction: RUNN/,
  ],
  ["a file that lacks", "COPY nosuch /", /not found.*nosuch.*\(Dockerfile:3: COPY nosuch \/\)/s],
  ["an image that is not to be had", "FROM 127.0.0.1:1/no/such", /127\.0\.0\.1:1.*\(Dockerfile:3: FROM /s],
];

test.each(builds)("pain 32: a build that fails for %s says so, with its place", async (_, step, message) => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-pains-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "Dockerfile"), `FROM ${image}\nRUN echo compiling\n${step}\n`);

  await expect(GenericContainer.fromDockerfile(folder).build()).rejects.toThrow(message);
});

async function projectOf(text: string): Promise<Runcible.DockerComposeEnvironment> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-pains-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "compose.yaml"), text);
  return new DockerComposeEnvironment(folder, "compose.yaml");
}

test.each([
  [
    "a container that waits are for and the file has not",
    "services: {web: {image: x}}",
    "wbe-1",
    /wbe-1.*did you mean web-1/,
  ],
  ["a service that waits are for and the file has not", "services: {web: {image: x}}", "wbe", /wbe.*did you mean web/],
  ["a key that nobody knows", "services:\n  a:\n    image: x\n    comand: y\n", "a", /compose\.yaml:4:.*comand/s],
])("pain 40: %s is named", async (_, text, target, message) => {
  const environment = await projectOf(text);

  const starting = environment.withWaitStrategy(target, Wait.forLogMessage("x")).up();

  await expect(starting).rejects.toThrow(message);
});

test.each(["web", "web-1"])("pain 40: without any program of Docker's, a wait is for %s", async (target) => {
  const environment = await projectOf(
    `services: {web: {image: "${image}", command: [sh, -c, "sleep 0.3; echo ready; sleep 600"]}}`,
  );
  await getContainerRuntimeClient();
  const path = process.env["PATH"];
  process.env["PATH"] = "/no/programs/here";
  onTestFinished(() => {
    process.env["PATH"] = path;
  });

  const started = await environment.withWaitStrategy(target, Wait.forLogMessage("ready")).up();

  const logs = await started.getContainer("web-1").logs();
  logs.destroy();
  process.env["PATH"] = path;
  expect(await started.getContainer("web-1").exec(["true"])).toMatchObject({ exitCode: 0 });
  await started.down();
});
