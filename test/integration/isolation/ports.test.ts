import { once } from "node:events";
import { connect as connectTo } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "../api/busybox-image";

const engine = useEngineOfThisFile();

/**
 * Addresses by which others reach this machine, and the one that stands for all of its loopback. Links of container
 * engines and tests beside this one come and go.
 */
const otherAddresses: readonly string[] = [
  ...Object.entries(networkInterfaces())
    .filter(([name]) => !/^(rc|rt|br-|docker|veth)/.test(name))
    .flatMap(([, addresses = []]) => addresses)
    .flatMap(({ internal, family, address }) => (!internal && family === "IPv4" ? [address] : [])),
  "127.0.0.2",
];

async function answers(host: string, port: number): Promise<boolean> {
  const socket = connectTo({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const server = async (): Promise<GenericContainer> =>
  new GenericContainer(await busyboxImage()).withCommand(["nc", "-ll", "-p", "80", "-e", "echo", "here"]);

test("a published port is reached on this machine's loopback and on no other address", async () => {
  await using container = await (await server()).withExposedPorts(80).start();
  const port = container.getMappedPort(80);

  expect(await answers("127.0.0.1", port)).toBe(true);
  for (const address of otherAddresses) expect(await answers(address, port), address).toBe(false);
});

test("who asks for every address gets every address", async () => {
  const { Id } = await engine.client.containers.create({
    ...{ Image: await busyboxImage(), Cmd: ["nc", "-ll", "-p", "80", "-e", "echo", "here"] },
    ...{
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "" }] } },
    },
  });
  await engine.client.containers.start(Id);
  const { NetworkSettings } = await engine.client.containers.inspect(Id);
  const port = Number(NetworkSettings.Ports["80/tcp"]?.[0]?.HostPort);

  // The container's server listens some time after the start, which nobody waits for here.
  for (const address of ["127.0.0.1", ...otherAddresses])
    expect(await waitUntil(() => answers(address, port), 30_000), address).toBe(true);
  await engine.client.containers.remove(Id, { force: true });
});
