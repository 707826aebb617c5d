import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeEndpoint } from "../../../src/client/endpoint";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";

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
