import { once } from "node:events";
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import type { EngineClient } from "../../../src/client/client";
import { GenericContainer, Network } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

interface Range {
  readonly Subnet: string;
  readonly Gateway?: string;
  readonly IPRange?: string;
}

async function makeNetwork(Name: string, config: Range | undefined, isInternal = false): Promise<string> {
  const { engine } = await getRuntime();
  const IPAM = { Config: config === undefined ? [] : [config] };
  const { Id } = await engine.networks.create({ Name, Driver: "bridge", Internal: isInternal, IPAM });
  onTestFinished(() => engine.networks.remove(Id));
  return Id;
}

async function engineOfTest(): Promise<EngineClient> {
  return (await getRuntime()).engine;
}

test.each([
  ["the same subnet", { Subnet: "10.98.0.0/24" }],
  ["the same subnet and a gateway", { Subnet: "10.98.0.0/24", Gateway: "10.98.0.9" }],
  ["a larger one", { Subnet: "10.98.0.0/16" }],
  ["a part of it", { Subnet: "10.98.0.64/26" }],
])("a network with %s as another is refused as Docker does", async (_, range) => {
  await makeNetwork("first", { Subnet: "10.98.0.0/24" });

  await expect(makeNetwork("second", range)).rejects.toThrow("Pool overlaps with other one on this address space");
  expect(await (await engineOfTest()).networks.list()).not.toContainEqual(expect.objectContaining({ Name: "second" }));
});

test("networks made at once all have subnets of their own", async () => {
  const engine = await engineOfTest();
  const ids = await Promise.all(["a1", "a2", "a3", "a4", "a5"].map((name) => makeNetwork(name, undefined)));
  const networks = await Promise.all(ids.map((id) => engine.networks.inspect(id)));
  expect(new Set(networks.map(({ IPAM }) => IPAM.Config[0]?.Subnet)).size).toBe(5);
});

test("addresses come from the range of the network", async () => {
  await makeNetwork("ranged", { Subnet: "10.97.0.0/24", IPRange: "10.97.0.128/25" });
  const image = await busyboxImage();
  await using container = await new GenericContainer(image)
    .withNetworkMode("ranged")
    .withCommand(["sleep", "60"])
    .start();
  expect(container.getIpAddress("ranged")).toBe("10.97.0.128");
});

test("networks are joined and left while a container runs: names, routes, its own address and its port follow", async () => {
  const engine = await engineOfTest();
  const image = await busyboxImage();
  await using first = await new Network().start();
  const second = await makeNetwork("second", { Subnet: "10.96.0.0/24" });
  await using server = await new GenericContainer(image)
    .withNetwork(first)
    .withNetworkAliases("before")
    .withHostname("server")
    .withCommand(["httpd", "-f", "-p", "80", "-h", "/www"])
    .withExposedPorts(80)
    .start();
  await using client = await new GenericContainer(image).withNetworkMode("second").withCommand(["sleep", "60"]).start();
  const lookUp = async (name: string): Promise<number> => (await client.exec(["nslookup", "-type=a", name])).exitCode;
  const ask = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${server.getFirstMappedPort()}/`, { signal: AbortSignal.timeout(30_000) })).text();
  expect(await lookUp("after")).toBe(1);

  await engine.networks.connect(second, server.getId(), { Aliases: ["after"] });
  expect(await lookUp("after")).toBe(0);
  expect(await lookUp("before")).toBe(1);
  expect(await ask()).toBe("hello\n");

  for (const name of [first.getName(), "bridge"]) await engine.networks.disconnect(name, server.getId());
  expect(await ask()).toBe("hello\n");
  expect((await server.exec(["ip", "route", "show", "default"])).output).toContain("via 10.96.0.1");
  const ownLines = (await server.exec(["grep", "server", "/etc/hosts"])).output;
  expect(ownLines).toBe("10.96.0.3\tserver\n");

  await engine.networks.disconnect(second, server.getId());
  expect(await lookUp("after")).toBe(1);
});

test("a network is joined wholly or not at all, and left, whatever the container did to its hosts file", async () => {
  const engine = await engineOfTest();
  const network = await makeNetwork("joined", { Subnet: "10.94.0.0/24" });
  await using container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();
  const isOn = async (): Promise<boolean> =>
    (await container.exec(["ip", "address"])).output.includes("10.94.0.") ||
    (await engine.containers.inspect(container.getId())).NetworkSettings.Networks["joined"] !== undefined;
  const swell = "dd if=/dev/zero of=/etc/hosts bs=1 count=1 seek=3G";

  await container.exec(["sh", "-c", swell]);
  await expect(engine.networks.connect(network, container.getId())).rejects.toMatchObject({ code: "container-state" });
  expect(await isOn()).toBe(false);

  await container.exec(["sh", "-c", ": > /etc/hosts"]);
  await engine.networks.connect(network, container.getId());
  expect(await isOn()).toBe(true);

  await container.exec(["sh", "-c", swell]);
  await engine.networks.disconnect(network, container.getId());
  expect(await isOn()).toBe(false);
});

test("a container that starts again has a new address, and its name leads to it at once", async () => {
  const engine = await engineOfTest();
  const image = await busyboxImage();
  await makeNetwork("again", { Subnet: "10.95.0.0/24" });
  const onNetwork = (name: string) =>
    new GenericContainer(image).withNetworkMode("again").withName(name).withCommand(["sleep", "60"]);
  await using client = await onNetwork("client").start();
  await using moved = await onNetwork("moved").start();
  await engine.containers.stop(moved.getId(), { timeoutSeconds: 0 });
  await using _ = await onNetwork("usurper").start();
  await engine.containers.start(moved.getId());

  const { output } = await client.exec(["nslookup", "-type=a", "moved"]);

  expect(output).toContain("10.95.0.4");
  expect(output).not.toContain("10.95.0.3");
});

test("a container reaches a server of this machine by its special name, from the default bridge and a user's network", async () => {
  const server = createServer((_, reply) => reply.end("from the host")).listen(0, "0.0.0.0");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await using network = await new Network().start();
  for (const mode of ["bridge", network.getName()]) {
    await using container = await new GenericContainer(await busyboxImage())
      .withNetworkMode(mode)
      .withExtraHosts([{ host: "gateway.test", ipAddress: "host-gateway" }])
      .withCommand(["sleep", "60"])
      .start();
    for (const name of ["host.docker.internal", "gateway.test"]) {
      const address = `$(grep ${name} /etc/hosts | cut -f 1)`;
      const script = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 30 ${address} ${port} | tail -n 1`;
      expect((await container.exec(["sh", "-c", script])).output).toBe("from the host");
    }
  }
});
