import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, Wait } from "../../../src/index";
import { busyboxImage } from "../../integration/api/busybox-image";
import { type TestEngine, useTestEngine } from "../../support/engine";
import { newerRunc } from "../../support/newer-runc";
import { waitUntil } from "../../support/wait-until";

describe.each([
  ["trixie", /^1\.1\.1[5-9]|^1\.[2-9]/],
  ["sid", /^1\.[3-9]/],
] as const)("with the runc of %s [root only: unpacking a Debian needs root]", (suite, version) => {
  let engine: TestEngine;

  beforeAll(async () => {
    const PATH = `${await newerRunc(suite)}:${process.env["PATH"]}`;
    engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", PATH });
    await getRuntime();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  async function create(script: string, more: object = {}): Promise<string> {
    const body = { Image: await busyboxImage(), Cmd: ["sh", "-c", script], ...more };
    return (await engine.client.containers.create(body)).Id;
  }

  /** What it says until it ends, and how. */
  async function outcome(
    script: string,
    more: object = {},
  ): Promise<{ readonly said: string; readonly exitCode: number }> {
    const { containers } = engine.client;
    const id = await create(script, more);
    await containers.start(id);
    const { StatusCode } = await containers.wait(id);
    const said = await text(await containers.logs(id));
    const { State } = await containers.inspect(id);
    await containers.remove(id, { force: true, volumes: true });
    return { said: State.OOMKilled ? `${said}out of memory` : said, exitCode: StatusCode };
  }

  test("it is the one that runs", async () => {
    const { Components } = await engine.client.system.version();
    expect(Components.find(({ Name }) => Name === "runc")?.Version).toMatch(version);
  });

  test("a service starts, answers on its port, runs commands as others and somewhere else, and stops", async () => {
    await using container = await new GenericContainer(await busyboxImage())
      .withCommand(["httpd", "-f", "-p", "80", "-h", "/www"])
      .withExposedPorts(80)
      .withWaitStrategy(Wait.forListeningPorts())
      .start();
    expect(await (await fetch(`http://127.0.0.1:${container.getMappedPort(80)}/`)).text()).toBe("hello\n");
    const options = { user: "7:8", workingDir: "/etc", env: { A: "b" } };
    const { output, exitCode } = await container.exec(["sh", "-c", "id -u; id -g; pwd; echo $A; exit 3"], options);
    expect([output, exitCode]).toEqual(["7\n8\n/etc\nb\n", 3]);
  });

  test("limits, names, mounts, devices and rights are what was asked for", async () => {
    const script = `hostname; cat /proc/sys/kernel/domainname; touch /x 2>/dev/null || echo read-only; touch /tmp/x && echo written
      cat /data/missing 2>/dev/null; mount | grep -c ' /tmp type tmpfs'; grep CapEff /proc/self/status; ulimit -n; stat -c %t:%T /dev/null`;
    const { said } = await outcome(script, {
      Hostname: "own",
      Domainname: "example.test",
      HostConfig: {
        ReadonlyRootfs: true,
        Tmpfs: { "/tmp": "rw" },
        Binds: ["newer-data:/data"],
        CapDrop: ["ALL"],
        Ulimits: [{ Name: "nofile", Soft: 100, Hard: 100 }],
      },
    });
    expect(said).toMatch(/own\nexample\.test\nread-only\nwritten\n1\nCapEff:\s+0000000000000000\n100\n1:3\n/);
    const hungry = "head -c 200000000 /dev/zero | tail > /dev/null";
    expect(await outcome(hungry, { HostConfig: { Memory: 32 * 1024 * 1024 } })).toMatchObject({
      said: expect.stringContaining("out of memory"),
    });
  });

  test("a program that is not there is told as ever", async () => {
    const id = await create("", { Entrypoint: ["/no/such"] });
    const { containers } = engine.client;
    await expect(containers.start(id)).rejects.toMatchObject({ code: "executable-not-found" });
    await containers.remove(id);
  });

  test("a container is paused, goes on, is killed and leaves nothing", async () => {
    const { containers } = engine.client;
    const id = await create("trap '' TERM; while true; do usleep 1000; done");
    await containers.start(id);
    await containers.pause(id);
    expect((await containers.inspect(id)).State.Status).toBe("paused");
    await containers.unpause(id);
    await containers.stop(id, { timeoutSeconds: 0 });
    expect((await containers.inspect(id)).State.ExitCode).toBe(137);
    await containers.remove(id);
    expect(await waitUntil(async () => (await containers.list({ all: true })).length === 0, 10_000)).toBe(true);
  });
});
