import { expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, Network, TestContainers, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

const httpd = ["httpd", "-f", "-p", "80", "-h", "/www"];

test("a container with an exposed port answers as soon as it is started", async () => {
  const image = await busyboxImage();
  await using container = await new GenericContainer(image).withCommand(httpd).withExposedPorts(80).start();

  const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/`);

  expect(await answer.text()).toBe("hello\n");
  expect(container.getFirstMappedPort()).toBe(container.getMappedPort("80/tcp"));
});

test("an exec gives both streams apart and together, and its exit code", async () => {
  await using container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();

  const result = await container.exec(["sh", "-c", "echo out; echo err >&2; echo $A; exit 3"], { env: { A: "b c" } });

  expect(result).toMatchObject({ stdout: "out\nb c\n", stderr: "err\n", exitCode: 3 });
  expect(result.output).toHaveLength(12);
});

test("a missing program is an exit code of the exec, not an error", async () => {
  await using container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();

  const { exitCode } = await container.exec("no-such-program");

  expect([126, 127]).toContain(exitCode);
});

test("the last value of an environment variable wins", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withEnvironment({ A: "1" })
    .withEnvironment({ A: "2", "b.c": "3" })
    .withCommand(["sleep", "60"])
    .start();

  const { stdout } = await container.exec(["env"]);

  expect(stdout.split("\n")).toEqual(expect.arrayContaining(["A=2", "b.c=3"]));
});

test("files, folders and contents are there before the container's program runs", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCopyContentToContainer([{ content: "#!/bin/sh\necho ran $0; sleep 60\n", target: "/opt/run.sh", mode: 0o755 }])
    .withCopyFilesToContainer([{ source: __filename, target: "/opt/test.ts", mode: 0o600 }])
    .withCopyDirectoriesToContainer([{ source: __dirname, target: "/opt/tests" }])
    .withCommand(["/opt/run.sh"])
    .withWaitStrategy(Wait.forLogMessage("ran /opt/run.sh"))
    .start();

  const { stdout } = await container.exec(["sh", "-c", "stat -c '%a %u' /opt/test.ts; ls /opt/tests"]);

  expect(stdout).toMatch(/^600 0\n/);
  expect(stdout).toContain("generic-container.test.ts");
});

test("an archive of a stopped container can still be read when it is kept", async () => {
  const container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();
  await container.exec(["sh", "-c", "echo kept >/tmp/file"]);

  const stopped = await container.stop({ remove: false });
  const chunks: Buffer[] = [];
  for await (const chunk of await stopped.copyArchiveFromContainer("/tmp/file")) chunks.push(Buffer.from(chunk));

  expect(Buffer.concat(chunks).toString()).toContain("kept");
  await (await getRuntime()).engine.containers.remove(stopped.getId());
});

test("parallel and repeated stops share one result", async () => {
  const container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();

  const results = await Promise.all([container.stop(), container.stop(), container.stop()]);

  expect(new Set(results).size).toBe(1);
  expect(await container.stop()).toBe(results[0]);
});

test("after a restart a log wait sees new lines only, and the container keeps its id", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "sleep 0.2; echo ready; sleep 60"])
    .withWaitStrategy(Wait.forLogMessage("ready"))
    .start();
  const id = container.getId();

  // Docker would wait for ever.
  await expect(container.restart({ timeout: -1 })).rejects.toMatchObject({ code: "invalid-argument" });
  await container.restart();

  expect(container.getId()).toBe(id);
  const { stdout } = await container.exec(["echo", "on"]);
  expect(stdout).toBe("on\n");
});

test("containers of one network find each other by alias, name and short id", async () => {
  const image = await busyboxImage();
  await using network = await new Network().start();
  await using server = await new GenericContainer(image)
    .withNetwork(network)
    .withNetworkAliases("web")
    .withHostname("not-its-id")
    .withCommand(httpd)
    .withWaitStrategy(Wait.forSuccessfulCommand("wget -q -O - http://127.0.0.1/"))
    .start();
  await using client = await new GenericContainer(image).withNetwork(network).withCommand(["sleep", "60"]).start();

  for (const host of ["web", server.getName().slice(1), server.getId().slice(0, 12)]) {
    expect((await client.exec(["wget", "-q", "-O", "-", `http://${host}/`])).stdout).toBe("hello\n");
  }
  expect(server.getNetworkNames()).toContain(network.getName());
  expect(server.getIpAddress(network.getName())).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(client.getNetworkId(network.getName())).toBe(network.getId());
});

test("a log consumer and logs() get both streams as text", async () => {
  const seen: string[] = [];
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "echo one; echo two >&2; sleep 60"])
    .withLogConsumer((stream) => stream.on("data", (line: string) => seen.push(line)))
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage("one"), Wait.forLogMessage(/^two$/)]))
    .start();

  let text = "";
  for await (const chunk of await container.logs()) {
    text += chunk;
    if (text.includes("one") && text.includes("two")) break;
  }

  // The consumer has a connection of its own.
  await expect.poll(() => seen.join("").split("\n").sort(), { timeout: 30_000 }).toEqual(["", "one", "two"]);
});

test("hooks of a subclass run in order, and may still change the request", async () => {
  const calls: string[] = [];
  class Custom extends GenericContainer {
    protected override async beforeContainerCreated() {
      calls.push("before");
      this.withCommand(["sleep", "60"]);
    }
    protected override async containerCreated() {
      calls.push("created");
    }
    protected override async containerStarting() {
      calls.push("starting");
    }
    protected override async containerStarted() {
      calls.push("started");
    }
  }
  await using container = await new Custom(await busyboxImage()).start();

  expect(calls).toEqual(["before", "created", "starting", "started"]);
  // The first process may still be on its way to become the program.
  await expect.poll(async () => (await container.exec(["ps"])).stdout, { timeout: 30_000 }).toContain("sleep 60");
});

test("a reusable container is found again by its configuration", async () => {
  const request = async () =>
    new GenericContainer(await busyboxImage())
      .withLabels({ "reuse-test": String(process.pid) })
      .withCommand(["sleep", "60"])
      .withReuse();
  const first = await (await request()).start();
  const second = await (await request()).start();

  expect(second.getId()).toBe(first.getId());
  await second.stop();
});

test("what happens to a container is told as it happens", async () => {
  const container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();
  const events = TestContainers.events(container);
  await container.exec(["true"]);

  const stopped = container.stop();
  const actions: string[] = [];
  for await (const { action, time } of events) {
    expect(Math.abs(Date.now() - time.getTime())).toBeLessThan(60_000);
    actions.push(action.split(":")[0] ?? "");
    if (action === "destroy") break;
  }
  await stopped;

  expect(actions).toEqual(["exec_create", "exec_start", "exec_die", "kill", "die", "destroy"]);
});
