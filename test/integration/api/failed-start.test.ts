import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, isRuncibleError, type RuncibleError, Wait, type WaitStrategy } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { failureInTime } from "../../support/failure-in-time";
import { rootTest } from "../../support/run-as";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

async function failureOf(container: GenericContainer): Promise<RuncibleError> {
  return container.start().then(
    () => expect.fail("it started"),
    (error) => error,
  );
}

async function namesOfAll(): Promise<readonly string[]> {
  const { engine } = await getRuntime();
  return (await engine.containers.list({ all: true })).flatMap(({ Names }) => Names);
}

test("a container that exits ends a port wait at once, with its exit code and last log lines", async () => {
  const name = `exits-${process.pid}`;
  const container = new GenericContainer(await busyboxImage())
    .withName(name)
    .withExposedPorts(80)
    .withCommand(["sh", "-c", "sleep 0.3; echo no config >&2; exit 7"]);

  const error = await failureOf(container);

  expect(error.code).toBe("start-failed");
  expect(error.message).toContain(name);
  expect(error.message).toContain("exit code 7");
  expect(error.message).toContain("no config");
  expect(error.evidence).toMatchObject({ exitCode: 7, container: name });
  expect(error.cause).toMatchObject({ code: "container-exited" });
  expect(await namesOfAll()).not.toContain(`/${name}`);
});

test("a wait that never comes true says what was awaited, and how long", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "echo something else; sleep 60"])
    .withWaitStrategy(Wait.forLogMessage("ready"));

  const { error, limitMs } = await failureInTime(
    300,
    (limitMs) => failureOf(container.withStartupTimeout(limitMs)),
    ({ message }) => message.includes("something else"),
  );

  expect(error.message).toContain(`Log message "ready" not received after ${limitMs}ms`);
  expect(error.message).toContain("something else");
  expect(error.cause).toMatchObject({ code: "wait-timeout" });
});

test("a log wait fails as soon as the container has ended without the line", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["echo", "bye"])
    .withWaitStrategy(Wait.forLogMessage("ready"));

  expect((await failureOf(container)).message).toContain('Log stream ended and message "ready" was not received');
});

test("a missing program fails with the name of the program", async () => {
  const container = new GenericContainer(await busyboxImage()).withCommand(["no-such-program"]);

  const error = await failureOf(container);

  expect(error.message).toContain("no-such-program");
  expect(error.cause).toMatchObject({ code: "executable-not-found" });
});

test("a taken name is said to be taken", async () => {
  const name = `taken-${process.pid}`;
  const request = async () => new GenericContainer(await busyboxImage()).withName(name).withCommand(["sleep", "60"]);
  await using _first = await (await request()).start();

  expect(await failureOf(await request())).toMatchObject({ code: "name-in-use" });
});

test("a failed wait removes the container, whatever failed", async () => {
  const name = `removed-${process.pid}`;
  class Failing extends GenericContainer {
    protected override containerStarted(): Promise<void> {
      return Promise.reject(new RangeError("hook broke"));
    }
  }
  const container = new Failing(await busyboxImage()).withName(name).withCommand(["sleep", "60"]);

  expect((await failureOf(container)).message).toContain("hook broke");
  expect(await namesOfAll()).not.toContain(`/${name}`);
});

rootTest("a container that ran out of memory says so", "an ordinary user has no cgroup to give", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withResourcesQuota({ memory: 0.02 })
    .withCommand(["tail", "/dev/zero"])
    .withWaitStrategy(Wait.forSuccessfulCommand("false"));

  const error = await failureOf(container);

  expect(error.message).toContain("killed: out of memory");
  expect(error.evidence).toMatchObject({ isOutOfMemory: true });
});

type Change = (container: GenericContainer, limitMs: number) => GenericContainer;

const httpd =
  (address: string): Change =>
  (container) =>
    container.withExposedPorts(80, 81).withCommand(["httpd", "-f", "-p", address, "-h", "/www"]);
const idle: Change = (container) => container.withExposedPorts(80).withCommand(["sleep", "60"]);
const printing =
  (script: string, wait: WaitStrategy): Change =>
  (container) =>
    container.withCommand(["sh", "-c", `${script}; sleep 60`]).withWaitStrategy(wait);

test.each<[string, Change, string]>([
  ["a port nobody listens on", idle, "Port 80/tcp not bound after LIMIT; nothing in the container listens on any port"],
  ["another port", httpd("81"), "Port 80/tcp not bound after LIMIT; the container listens on 81/tcp; check the port"],
  [
    "a port of 127.0.0.1",
    httpd("127.0.0.1:80"),
    "the service listens on 127.0.0.1 only (80/tcp); let it listen on 0.0.0.0",
  ],
  [
    "an HTTP answer that is not wanted",
    (container, limitMs) => httpd("80")(container, limitMs).withWaitStrategy(Wait.forHttp("/health", 80)),
    "URL /health not accessible after LIMIT (at last it answered 404",
  ],
  [
    "an HTTP request that is refused",
    (container, limitMs) => idle(container, limitMs).withWaitStrategy(Wait.forHttp("/", 80)),
    "URL / not accessible after LIMIT (at last the request failed: ",
  ],
  [
    "an HTTP port that is not published",
    (container, limitMs) => idle(container, limitMs).withWaitStrategy(Wait.forHttp("/", 8080)),
    "No port binding found for :8080/tcp; add 8080 to withExposedPorts",
  ],
  [
    "a log line that came too seldom",
    printing("echo ready", Wait.forLogMessage(/ready/, 2)),
    'Log message "/ready/" not received after LIMIT (1 of 2 times)',
  ],
  [
    "a command without success",
    printing("true", Wait.forSuccessfulCommand("echo not yet; exit 3")),
    "not successful after LIMIT (it last ended with 3: not yet)",
  ],
  [
    "a health check that does not turn healthy",
    (container, limitMs) =>
      printing("true", Wait.forHealthCheck())(container, limitMs).withHealthCheck({
        test: ["CMD-SHELL", "echo no answer; exit 1"],
        interval: 50,
        retries: 1000,
      }),
    "Health check not healthy after LIMIT (its last probe ended with 1: no answer)",
  ],
  [
    "one of several waits",
    (container, limitMs) => {
      const waits = Wait.forAll([Wait.forLogMessage("one"), Wait.forLogMessage("two")]).withDeadline(limitMs);
      return printing("echo one", waits)(container, limitMs);
    },
    "Composite wait strategy not successful after LIMIT (of its 2 strategies, number 2 was not)",
  ],
])("a wait in vain for %s says what was seen last", async (_what, change, message) => {
  const image = await busyboxImage();
  const wanted = (limitMs: number): string => message.replace("LIMIT", `${limitMs}ms`);

  const { error, limitMs } = await failureInTime(
    500,
    (limitMs) => failureOf(change(new GenericContainer(image), limitMs).withStartupTimeout(limitMs)),
    (error, limitMs) => error.message.includes(wanted(limitMs)),
  );

  expect(error).toMatchObject({ code: "start-failed", message: expect.stringContaining(wanted(limitMs)) });
});

test.each<[string, Change, string]>([
  ["a missing program", (container) => container.withCommand(["no-such-program"]), "check withCommand and withEntry"],
  ["a file that is no program", (container) => container.withCommand(["/www/index.html"]), "chmod +x"],
  ["an unknown user", (container) => container.withUser("nobody-here"), "use one of the image's users in withUser"],
  ["an unknown network", (container) => container.withNetworkMode("no-such-network"), "start a Network"],
  [
    "a program that a signal ended",
    (container) => container.withExposedPorts(80).withCommand(["sh", "-c", "exit 139"]),
    "exit code 139: SIGSEGV",
  ],
])("the error for %s says what to do or look for", async (_what, change, advice) => {
  const error = await failureOf(change(new GenericContainer(await busyboxImage()), 60_000));

  expect(error).toMatchObject({ code: "start-failed", message: expect.stringContaining(advice) });
});

test("a fixed port that is taken is said to be, with the way out", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const image = await busyboxImage();
  const container = idle(new GenericContainer(image), 60_000).withExposedPorts({ container: 80, host: port });

  const error = await failureOf(container);
  server.close();

  expect(error.message).toMatch(new RegExp(`${port}.*or let any free port be chosen`));
  expect(error.cause).toMatchObject({ code: "port-in-use", kind: "internal", evidence: { status: 500 } });
});

test("what the engine found comes through with its code, kind and evidence", async () => {
  const error = await failureOf(new GenericContainer(await busyboxImage()).withCommand(["no-such-program"]));

  expect(error).toMatchObject({ code: "start-failed", kind: "unavailable", evidence: { exitCode: 127 } });
  expect(error.cause).toMatchObject({ code: "executable-not-found", kind: "invalid" });
  expect(error.evidence["runc"]).toContain("no-such-program");
  expect(isRuncibleError(error.cause)).toBe(true);
});

test("the error has the timeline of the start, and what of several waits was ready", async () => {
  const image = await busyboxImage();
  const start = (limitMs: number): Promise<RuncibleError> => {
    const waits = Wait.forAll([Wait.forLogMessage("one"), Wait.forListeningPorts(), Wait.forLogMessage("two")]);
    const container = printing("echo one", waits)(new GenericContainer(image), limitMs);
    return failureOf(container.withStartupTimeout(limitMs));
  };

  const { error } = await failureInTime(500, start, ({ message }) => message.includes('"one": ready after'));

  expect(error.message).toMatch(/; image ready at \d+ ms, created at \d+ ms, started at \d+ ms\)/);
  expect(error.message).toMatch(/waited for log message "one": ready after \d+ ms.*log message "two": not ready/);
  const { timeline } = error.evidence as { readonly timeline: readonly { readonly step: string }[] };
  expect(timeline.map(({ step }) => step)).toEqual(["image ready", "created", "started"]);
  expect(error.evidence["waits"]).toMatchObject([
    { wait: 'log message "one"', readyAfterMs: expect.any(Number) },
    { wait: "listening ports" },
    { wait: 'log message "two"', readyAfterMs: undefined },
  ]);
});

test("a container for reuse that is kept on failure outlives its lease, and nobody is given it", async () => {
  const { client } = engine;
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "echo no luck; exit 3"])
    .withWaitStrategy(Wait.forLogMessage("ready"))
    .withReuse()
    .withKeepOnFailure();

  const name = String((await failureOf(container)).evidence["container"]);
  const other = String((await failureOf(container)).evidence["container"]);

  expect(other).not.toBe(name);
  for (const kept of [name, other]) {
    expect(Object.keys((await client.containers.inspect(kept)).Config.Labels ?? {})).not.toContain(
      "org.testcontainers.container-hash",
    );
    await client.containers.remove(kept, { force: true });
  }
});

test("a container that is kept on failure outlives its session, and the error says where it is", async () => {
  const { client } = engine;
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "echo no luck; exit 3"])
    .withWaitStrategy(Wait.forLogMessage("ready"))
    .withKeepOnFailure();

  const error = await failureOf(container);

  const name = String(error.evidence["container"]);
  expect(error.message).toMatch(new RegExp(`it is kept: docker --host unix://\\S+ logs ${name}`));
  const kept = await client.containers.inspect(name);
  expect(Object.keys(kept.Config.Labels ?? {})).not.toContain("org.testcontainers.session-id");
  await client.containers.remove(kept.Id, { force: true });
});
