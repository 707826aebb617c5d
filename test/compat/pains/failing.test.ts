import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type * as Runcible from "../../../src/index";
import {
  GenericContainer,
  type RuncibleError,
  StartupCheckStrategy,
  type StartupStatus,
  Wait,
  type WaitStrategy,
} from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";

// What users of such frameworks complain about most, by the number it has in the project's list of pains.

useNewEngineOfThisFile();
/** As it is published: it loads what it needs of compose when it is used. */
const { DockerComposeEnvironment } = createRequire(import.meta.url)("../../../build/index.js") as typeof Runcible;
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
  ["a health check", Wait.forHealthCheck()],
  ["a command", Wait.forSuccessfulCommand("false")],
  ["a check of the user's own", new NeverReady()],
  ["a strategy of the user's own", ownWait],
  ["all of several, one of them the user's own", Wait.forAll([Wait.forLogMessage(/one/), ownWait])],
  ["all of several", Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage("never")])],
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
    expect((await failureOf(container)).message).toContain("exit code 9");
  },
  60_000,
);

test("pain 32: a build that fails tells its instruction and what the command said", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-pains-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(
    join(folder, "Dockerfile"),
    `FROM ${image}\nRUN echo compiling\nRUN echo missing semicolon >&2; exit 3\n`,
  );

  const building = GenericContainer.fromDockerfile(folder).build();

  await expect(building).rejects.toThrow(
    /missing semicolon.*code: 3.*Dockerfile:3|code: 3.*Dockerfile:3.*missing semicolon/s,
  );
});

test.each([
  [
    "a service that waits are for and the file has not",
    "services: {web: {image: x}}",
    "wbe-1",
    /wbe-1.*did you mean web-1/,
  ],
  [
    "a key that nobody knows",
    "services:\n  a:\n    image: x\n    comand: y\n",
    "a",
    /comand.*line 4|:4:.*comand|compose\.yaml:4/s,
  ],
])("pain 40: %s is named", async (_, text, service, message) => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-pains-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "compose.yaml"), text);

  const starting = new DockerComposeEnvironment(folder, "compose.yaml")
    .withWaitStrategy(service, Wait.forLogMessage("x"))
    .up();

  await expect(starting).rejects.toThrow(message);
});
