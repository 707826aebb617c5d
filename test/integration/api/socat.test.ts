import { expect, test } from "vitest";
import { GenericContainer, Network, SocatContainer, Wait } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

test("a container that publishes nothing is reached through another in its network", async () => {
  await using network = await new Network().start();
  await using _web = await new GenericContainer(await busyboxImage())
    .withNetwork(network)
    .withNetworkAliases("web")
    .withCommand(["httpd", "-f", "-p", "80", "-h", "/www"])
    .withWaitStrategy(Wait.forSuccessfulCommand("wget -q -O - http://127.0.0.1/"))
    .start();
  await using socat = await new SocatContainer()
    .withNetwork(network)
    .withTarget(8080, "web", 80)
    .withTarget(8081, "nosuch")
    .start();
  const at = (port: number): string => `http://${socat.getHost()}:${socat.getMappedPort(port)}/`;

  expect(await (await fetch(at(8080))).text()).toBe("hello\n");
  await expect(fetch(at(8081))).rejects.toThrow("fetch failed");
  // One target that fails takes no other with it.
  expect(await (await fetch(at(8080))).text()).toBe("hello\n");
  expect(socat.getName()).toMatch(/^\/testcontainers-socat-[0-9a-f]{12}$/);
});

test("a target that makes no sense is refused where it is given", () => {
  const refused = expect.objectContaining({ code: "invalid-argument" });

  expect(() => new SocatContainer().withTarget(0, "web")).toThrow(refused);
  expect(() => new SocatContainer().withTarget(80, "web; rm -rf /")).toThrow(refused);
  expect(() => new SocatContainer().withTarget(80, "web", 65_536)).toThrow(refused);
});
