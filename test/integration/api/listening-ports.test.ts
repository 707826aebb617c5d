import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { GenericContainer, type RuncibleError } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { failureInTime } from "../../support/failure-in-time";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

const node = (script: string): GenericContainer =>
  new GenericContainer(`host/node:${process.versions.node}`)
    .withExposedPorts(80)
    .withCommand(["node", "--eval", `const { createServer } = require("node:net"); ${script}`]);

async function withAddress(address: string): Promise<GenericContainer> {
  const script = `ip addr add ${address}/32 dev lo && exec httpd -f -p ${address}:80`;
  return new GenericContainer(await busyboxImage())
    .withExposedPorts(80)
    .withAddedCapabilities("NET_ADMIN")
    .withCommand(["sh", "-c", script]);
}

async function behindFirewall(verdict: string): Promise<GenericContainer> {
  const rules = `add table ip test; add chain ip test in { type filter hook input priority 0; }; add rule ip test in tcp dport 80 ${verdict}`;
  const ofHost = await GenericContainer.fromHost({ executables: ["busybox", "nft"] }, "localhost/firewall:1");
  return ofHost
    .withExposedPorts(80)
    .withAddedCapabilities("NET_ADMIN")
    .withCommand(["busybox", "sh", "-c", `nft '${rules}' && exec busybox httpd -f -p 80`]);
}

test("a service is ready when it can be connected to, and has had one connection by then", async () => {
  const countAloud = "let count = 0; createServer((client) => client.on('error', () => {}).end(String(++count)))";
  await using container = await node(`${countAloud}.listen(80)`).start();

  const answer = await saidBy(container.getHost(), container.getMappedPort(80));

  expect(answer).toBe("2");
});

test.each<[string, () => Promise<GenericContainer>, string]>([
  [
    "listens on IPv6 only",
    async () => node("createServer().listen({ port: 80, host: '::', ipv6Only: true })"),
    "Port 80/tcp not bound after LIMIT; the service listens on IPv6 only ([::]:80), and the networks of containers are IPv4; let it listen on 0.0.0.0",
  ],
  [
    "listens on another interface",
    () => withAddress("10.99.0.1"),
    "the service listens on 10.99.0.1:80 only, and published ports lead to 1",
  ],
  ["is behind a firewall that drops", () => behindFirewall("drop"), "gets no answer; check firewall and routes in the"],
  [
    "is behind a firewall that rejects",
    () => behindFirewall("reject with tcp reset"),
    "is refused; check firewall and routes in the container",
  ],
])("a service that %s is never ready, and the error says so", async (_what, make, message) => {
  const container = await make();
  const wanted = (limitMs: number): string => message.replace("LIMIT", `${limitMs}ms`);

  const { error, limitMs } = await failureInTime(
    500,
    (limitMs) => failureOf(container.withStartupTimeout(limitMs)),
    (error, limitMs) => error.message.includes(wanted(limitMs)),
  );

  expect(error).toMatchObject({ code: "start-failed", message: expect.stringContaining(wanted(limitMs)) });
});

async function failureOf(container: GenericContainer): Promise<RuncibleError> {
  return container.start().then(
    () => expect.fail("it started"),
    (error) => error,
  );
}

/** All that a service says by itself. */
async function saidBy(host: string, port: number): Promise<string> {
  return text(connect({ host, port }));
}
