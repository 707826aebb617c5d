import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeEndpoint } from "../../../src/client/endpoint";
import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  LABEL_TESTCONTAINERS_SESSION_ID,
  type StartedTestContainer,
  TestContainers,
  Wait,
} from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

function setVariable(name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  onTestFinished(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

async function placeOfDaemon(): Promise<Partial<ContainerRuntimeClient["info"]["containerRuntime"]>> {
  const { host, hostIps, remoteSocketPath } = (await getContainerRuntimeClient()).info.containerRuntime;
  return { host, hostIps, remoteSocketPath };
}

test("nothing is reused where that is switched off with false, and only there", async () => {
  const started = async (value: string): Promise<StartedTestContainer> => {
    setVariable("TESTCONTAINERS_REUSE_ENABLE", value);
    const container = new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]);
    return container
      .withLabels({ switch: String(process.pid) })
      .withReuse()
      .start();
  };
  await using shared = await started("");

  const again = await started("FALSE");
  await using own = await started("false");

  expect(again.getId()).toBe(shared.getId());
  expect(own.getId()).not.toBe(shared.getId());
  // As any other: it goes with this process.
  const label = "org.testcontainers.container-hash";
  expect([shared.getLabels()[label], own.getLabels()[label]]).toEqual([expect.any(String), undefined]);
  expect(own.getLabels()).toHaveProperty(LABEL_TESTCONTAINERS_SESSION_ID);
});

test("settings of the reaper and of the SSH server mean nothing to the own engine", async () => {
  for (const name of ["DISABLED", "PRIVILEGED", "VERBOSE"]) setVariable(`TESTCONTAINERS_RYUK_${name}`, "true");
  setVariable("RYUK_CONTAINER_IMAGE", "localhost:1/nosuch:1");
  setVariable("SSHD_CONTAINER_IMAGE", "localhost:1/nosuch:1");

  await TestContainers.exposeHostPorts(1);
  await using container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();
  const reaper = await getReaper(await getContainerRuntimeClient());

  expect(container.getLabels()[LABEL_TESTCONTAINERS_SESSION_ID]).toBe(reaper.sessionId);
  expect(reaper.containerId).toBe("");
});

test("containers are reached at the host that overrides", async () => {
  setVariable("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1");
  const server = ["httpd", "-f", "-p", "80", "-h", "/etc"];

  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(server)
    .withExposedPorts(80)
    .withWaitStrategy(Wait.forHttp("/passwd", 80))
    .start();

  expect(container.getHost()).toBe("127.0.0.1");
});

test("a host that overrides and has no address is an error that names it", async () => {
  setVariable("TESTCONTAINERS_HOST_OVERRIDE", "nosuch.invalid");

  await expect(getContainerRuntimeClient()).rejects.toMatchObject({
    code: "engine-unreachable",
    message: expect.stringContaining("look up nosuch.invalid (TESTCONTAINERS_HOST_OVERRIDE)"),
  });
});

const overridden = {
  host: "127.0.0.2",
  hostIps: [{ address: "127.0.0.2", family: 4 }],
  remoteSocketPath: "/run/other.sock",
};

test("where published ports and the socket are can be overridden, but not of the daemon that tc.host names", async () => {
  setVariable("TESTCONTAINERS_HOST_OVERRIDE", overridden.host);
  setVariable("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", overridden.remoteSocketPath);

  expect(await placeOfDaemon()).toEqual(overridden);

  const home = await mkdtemp(join(tmpdir(), "runcible-home-"));
  onTestFinished(() => rm(home, { recursive: true }));
  setVariable("HOME", home);
  const socket = describeEndpoint(engine.client.endpoint);
  await writeFile(join(home, ".testcontainers.properties"), `tc.host=${socket}\n`);

  expect(await placeOfDaemon()).toMatchObject({ host: "localhost", remoteSocketPath: socket.replace("unix://", "") });

  await writeFile(join(home, ".testcontainers.properties"), `docker.host=${socket}\n`);
  // What was read of the file holds for this environment; another one reads it anew.
  setVariable("DOCKER_CERT_PATH", home);

  expect(await placeOfDaemon()).toEqual(overridden);
});
