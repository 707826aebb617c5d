import type Docker from "dockerode";
import { expect, test } from "vitest";
import {
  BoundPorts,
  GenericContainer,
  getContainerRuntimeClient,
  StartupCheckStrategy,
  type StartupStatus,
  Wait,
} from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

const lateHttpd = ["sh", "-c", "sleep 0.4; exec httpd -f -p 80 -h /www"];

async function httpd(): Promise<GenericContainer> {
  return new GenericContainer(await busyboxImage()).withExposedPorts(80).withCommand(lateHttpd);
}

test("listening ports are awaited until the service itself listens", async () => {
  await using container = await (await httpd()).withWaitStrategy(Wait.forListeningPorts()).start();

  const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/`);

  expect(answer.status).toBe(200);
});

test("a wait that begins when the container has ended says how it ended", async () => {
  const { container } = await getContainerRuntimeClient();
  const ended = await container.create({ Image: await busyboxImage(), Cmd: ["sh", "-c", "exit 3"] });
  await container.start(ended);
  await ended.wait();
  const boundPorts = new BoundPorts();
  boundPorts.setBinding(80, 8080);

  await expect(Wait.forListeningPorts().waitUntilReady(ended, boundPorts)).rejects.toMatchObject({
    code: "container-exited",
    evidence: { exitCode: 3 },
  });

  await container.remove(ended);
});

test("an HTTP wait checks status, body and method", async () => {
  const strategy = Wait.forHttp("/", 80)
    .forStatusCode(200)
    .forResponsePredicate((body) => body === "hello\n")
    .forResponsePredicate((body) => body.length === 6);
  await using container = await (await httpd()).withWaitStrategy(strategy).start();

  expect(container.getMappedPort(80)).toBeGreaterThan(0);
});

test("an HTTP wait for what never comes names the path and the time", async () => {
  const container = (await httpd()).withWaitStrategy(Wait.forHttp("/missing", 80)).withStartupTimeout(900);

  await expect(container.start()).rejects.toThrow("URL /missing not accessible after 900ms");
});

/** With a page whose name has to be encoded, and with a stream of events of which only the headers come. */
async function webSite(): Promise<GenericContainer> {
  const events = "#!/bin/sh\nprintf 'Content-Type: text/event-stream\\r\\n\\r\\n'\nexec sleep 60\n";
  return (await httpd())
    .withCopyContentToContainer([
      { content: "page", target: "/www/ü b.html" },
      { content: events, target: "/www/cgi-bin/events", mode: 0o755 },
    ])
    .withCommand(["httpd", "-f", "-p", "80", "-h", "/www"]);
}

test.each([
  ["a path with spaces and letters of any language", "/ü b.html?of=ö d"],
  ["nothing but a query", "?all"],
  ["a stream that has begun and does not end", "/cgi-bin/events"],
])("an HTTP wait may be for %s", async (_what, path) => {
  await using container = await (await webSite()).withWaitStrategy(Wait.forHttp(path, 80)).start();

  expect(container.getMappedPort(80)).toBeGreaterThan(0);
});

test("an HTTP wait may report the log of a container that ended", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withExposedPorts(80)
    .withCommand(["sh", "-c", "echo one; echo two; sleep 0.3; exit 1"])
    .withWaitStrategy(Wait.forHttp("/", 80, { abortOnContainerExit: true }));

  // As a whole: programs compare it.
  await expect(container.start()).rejects.toMatchObject({
    message: "Container exited during HTTP healthCheck, last 50 logs: one\ntwo",
    evidence: { exitCode: 1, log: ["one", "two"] },
  });
});

test("a shell command is repeated until it succeeds", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "sleep 0.3; touch /tmp/ready; sleep 60"])
    .withWaitStrategy(Wait.forSuccessfulCommand("test -f /tmp/ready"))
    .start();

  expect((await container.exec(["ls", "/tmp"])).stdout).toBe("ready\n");
});

test("a health check is awaited without being asked for", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withHealthCheck({ test: ["CMD-SHELL", "test -f /tmp/ready"], interval: 250, timeout: 1000, retries: 20 })
    .withCommand(["sh", "-c", "sleep 0.3; touch /tmp/ready; sleep 60"])
    .start();

  expect((await container.exec(["ls", "/tmp"])).stdout).toBe("ready\n");
});

test("a failing health check ends the wait", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withHealthCheck({ test: ["CMD", "false"], interval: 100, timeout: 1000, retries: 2 })
    .withCommand(["sleep", "60"]);

  await expect(container.start()).rejects.toMatchObject({
    message: expect.stringContaining("Health check failed: unhealthy"),
    cause: { code: "container-unhealthy" },
  });
});

test("a wait for a health check that nobody has defined says so", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["sleep", "60"])
    .withWaitStrategy(Wait.forHealthCheck().withStartupTimeout(100));

  await expect(container.start()).rejects.toMatchObject({
    message: expect.stringContaining(
      "Health check not healthy after 100ms (neither the container nor its image has one",
    ),
    evidence: { exitCode: undefined },
  });
});

test("a log line is counted as often as asked for", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "echo up 1; sleep 0.2; echo up 2 >&2; sleep 60"])
    .withWaitStrategy(Wait.forLogMessage(/^up \d$/g, 2))
    .start();

  let text = "";
  for await (const chunk of await container.logs()) {
    text += chunk;
    // Two pipes: of what came at once, either may be read first.
    if (text.includes("up 1") && text.includes("up 2")) break;
  }
  expect(text).toContain("up 1");
});

test("a line that ends as those of terminals do matches to its end", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "printf 'ready\\r\\n'; sleep 60"])
    .withWaitStrategy(Wait.forLogMessage(/^ready$/))
    .start();

  expect(container.getId()).toMatch(/^[0-9a-f]{64}$/);
});

test("a one-shot container is ready when it has ended well", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "echo done"])
    .withWaitStrategy(Wait.forOneShotStartup())
    .start();

  let text = "";
  for await (const chunk of await container.logs()) text += chunk;
  expect(text).toBe("done\n");
});

test("a one-shot container that ends badly fails the start", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["false"])
    .withWaitStrategy(Wait.forOneShotStartup());

  await expect(container.start()).rejects.toThrow("Container failed to start for");
});

test("a composite strategy has a deadline of its own", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "echo one; sleep 60"])
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage("one"), Wait.forSuccessfulCommand("false")]).withDeadline(600));

  await expect(container.start()).rejects.toThrow("Composite wait strategy not successful after 600ms");
});

test("a startup check of a user's own decides", async () => {
  class Check extends StartupCheckStrategy {
    asked = 0;
    async checkStartupState(): Promise<"PENDING" | "SUCCESS"> {
      this.asked += 1;
      return this.asked < 3 ? "PENDING" : "SUCCESS";
    }
  }
  const check = new Check();
  await using _container = await new GenericContainer(await busyboxImage())
    .withCommand(["sleep", "60"])
    .withWaitStrategy(check)
    .start();

  expect(check.asked).toBe(3);
});

test("a time limit beyond what a timer can have is none, not zero", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "sleep 0.3; echo ready; sleep 60"])
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage("ready")]).withDeadline(Number.MAX_SAFE_INTEGER))
    .withStartupTimeout(2 ** 31)
    .start();

  expect(container.getId()).toMatch(/^[0-9a-f]{64}$/);
});

test("a wait of the user's own may be for the container's end, and is asked once more then", async () => {
  const answers: string[] = [];
  class HasEnded extends StartupCheckStrategy {
    override async checkStartupState(docker: Docker, id: string): Promise<StartupStatus> {
      const { State } = await docker.getContainer(id).inspect();
      answers.push(State.Status);
      return State.Running ? "PENDING" : State.ExitCode === 3 ? "SUCCESS" : "FAIL";
    }
  }
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "sleep 0.3; exit 3"])
    .withWaitStrategy(new HasEnded());

  await using started = await container.start();

  expect(started.getId()).toMatch(/^[0-9a-f]{64}$/);
  expect(answers.at(-1)).toBe("exited");
});
