import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { GenericContainer, Network, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { useServiceImages } from "./service-images";

useEngineOfThisFile();
const images = useServiceImages(["nginx", "busybox"]);
const nginx = (): GenericContainer => new GenericContainer(images.nameOf("nginx")).withExposedPorts(80);
const idle = (): GenericContainer => new GenericContainer(images.nameOf("busybox")).withCommand(["sleep", "600"]);

test("nginx serves the page that was copied in, once an HTTP wait says so", async () => {
  await using container = await nginx()
    .withCopyContentToContainer([{ content: "copied\n", target: "/usr/share/nginx/html/page.txt" }])
    .withWaitStrategy(Wait.forHttp("/page.txt", 80))
    .start();

  const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/page.txt`);

  expect(await answer.text()).toBe("copied\n");
  expect(await text(await container.copyArchiveFromContainer("/usr/share/nginx/html/page.txt"))).toContain("copied");
});

test("a container reaches another by its alias in their network", async () => {
  await using network = await new Network().start();
  await using _web = await nginx().withNetwork(network).withNetworkAliases("web", "www").start();
  await using client = await idle().withNetwork(network).start();

  for (const name of ["web", "www"]) {
    const { stdout } = await client.exec(["wget", "-q", "-O", "-", `http://${name}/`]);
    expect(stdout).toContain("Welcome to nginx");
  }
});

test("a container reaches a server of the test by host.docker.internal", async () => {
  const server = createServer((_request, response) => response.end("from the test\n")).listen(0, "0.0.0.0");
  await once(server, "listening");
  try {
    await using client = await idle()
      .withExtraHosts([{ host: "host.docker.internal", ipAddress: "host-gateway" }])
      .start();
    const { port } = server.address() as AddressInfo;
    const { stdout } = await client.exec(["wget", "-q", "-O", "-", `http://host.docker.internal:${port}/`]);
    expect(stdout).toBe("from the test\n");
  } finally {
    server.close();
  }
});

test("a published UDP port carries questions in and answers out", async () => {
  await using container = await new GenericContainer(images.nameOf("busybox"))
    .withExposedPorts("9000/udp")
    .withCommand(["sh", "-c", "echo ready; exec nc -u -l -p 9000 -e cat"])
    .withWaitStrategy(Wait.forLogMessage("ready"))
    .start();
  const socket = createSocket("udp4");
  try {
    const port = container.getMappedPort("9000/udp");
    // A datagram may come before the service listens.
    const sender = setInterval(() => socket.send("echo", port, "127.0.0.1"), 50);
    const [answer] = (await once(socket, "message")) as [Buffer];
    clearInterval(sender);
    expect(answer.toString()).toBe("echo");
  } finally {
    socket.close();
  }
});
