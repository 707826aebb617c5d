import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Answer, decode, encode, streamDecode, streamEncode, TRUNCATED_RESPONSE } from "dns-packet";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../src/internal/exec";
import type { NetworkStack } from "../../../src/runtime/network/stack";
import { freePort } from "../../support/free-port";
import { evaluateIn, lookUpIn, runIn, serveIn } from "./in-sandbox";
import { addNetwork, on, openStack } from "./open-stack";

const resolve = (name: string, type: string): string => `
  const resolver = new (require("dns").promises.Resolver)({ timeout: 5000, tries: 4 });
  resolver.setServers(["127.0.0.11"]);
  return await resolver.resolve(${JSON.stringify(name)}, ${JSON.stringify(type)});`;

test("an alias that two have gives both addresses, a name without regard to case", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one", "all")] });
  await stack.openSandbox({ containerId: "two", endpoints: [on(network, "two", "all")] });
  expect(await lookUpIn(one, "all")).toEqual(["10.213.1.2", "10.213.1.3"]);
  expect(await evaluateIn(one, resolve("TWO.Net1", "A"))).toEqual(["10.213.1.3"]);
  expect(await evaluateIn(one, resolve("two", "AAAA"))).toBe("ENODATA");
  expect(await evaluateIn(one, resolve("nobody", "A"))).toBe("ENOTFOUND");
  expect(await evaluateIn(one, resolve("3.1.213.10.in-addr.arpa", "PTR"))).toEqual(["two.net1"]);
});

test("hundreds of questions at once are all answered", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  const answers = await evaluateIn(
    one,
    // As resolvers do, it asks again: what comes faster than it reads is lost on its own side.
    `const resolver = new (require("dns").promises.Resolver)({ timeout: 5000, tries: 3 });
     resolver.setServers(["127.0.0.11"]);
     const all = await Promise.allSettled(Array.from({ length: 400 }, () => resolver.resolve4("one")));
     return all.filter(({ value }) => value?.[0] === "10.213.1.2").length;`,
  );
  expect(answers).toBe(400);
});

test("a search list and a final dot lead to the same container, and other types than A are empty", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  await stack.openSandbox({ containerId: "two", endpoints: [on(network, "two")] });
  const { stdout } = await runIn(one, ["sh", "-c", "echo search net1 >> /etc/resolv.conf && getent ahostsv4 two"]);
  expect(stdout).toContain("10.213.1.3");
  expect(await evaluateIn(one, resolve("two.", "A"))).toEqual(["10.213.1.3"]);
  for (const type of ["AAAA", "TXT", "MX", "SRV"]) {
    expect(await evaluateIn(one, resolve("two", type))).toBe("ENODATA");
  }
});

test("names change while the sandbox lives, and go with it", async () => {
  const stack = await openStack();
  const network = await addNetwork(stack, 1);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  const two = await stack.openSandbox({ containerId: "two", endpoints: [on(network, "two")] });
  await two.setDnsNames(network.id, ["renamed"]);
  expect(await lookUpIn(one, "two")).toEqual([]);
  expect(await lookUpIn(one, "renamed")).toEqual(["10.213.1.3"]);
  await two.close();
  expect(await lookUpIn(one, "renamed")).toEqual([]);
});

test("other names are asked of the host's resolvers on its loopback, by TCP when truncated", async () => {
  const stack = await openStackWithResolver();
  const network = await addNetwork(stack, 1);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  expect(await evaluateIn(one, resolve("outside.example", "A"))).toEqual(["192.0.2.1"]);
  expect(await evaluateIn(one, resolve("large.example", "A"))).toHaveLength(100);
});

test("the default bridge forwards even what it knows; an internal network forwards nothing", async () => {
  const stack = await openStackWithResolver();
  const bridge = await addNetwork(stack, 1, { answersNames: false });
  const internal = await addNetwork(stack, 2, { isInternal: true });
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(bridge, "one")] });
  const two = await stack.openSandbox({ containerId: "two", endpoints: [on(internal, "two")] });
  expect(await evaluateIn(one, resolve("one", "A"))).toEqual(["192.0.2.1"]);
  expect(await evaluateIn(two, resolve("outside.example", "A"))).toBe("ESERVFAIL");
  expect(await evaluateIn(two, resolve("two", "A"))).toEqual(["10.213.2.2"]);
});

test("nobody gets out of an internal network by questions in the name of a neighbour on another", async () => {
  const asked: string[] = [];
  const stack = await openStackWithResolver({ asked });
  const [open, internal] = [await addNetwork(stack, 1), await addNetwork(stack, 2, { isInternal: true })];
  const free = await stack.openSandbox({ containerId: "free", endpoints: [on(open, "free")] });
  const caught = await stack.openSandbox({ containerId: "caught", endpoints: [on(internal, "caught")] });
  // As whoever builds packets by hand, which no rule in the container's own namespace sees.
  const forge = "nft flush ruleset; ip addr add 10.213.1.2/32 dev lo";
  await run("nsenter", [`--net=${caught.path}`, "sh", "-euc", forge]);
  const query = encode({ type: "query", id: 7, questions: [{ type: "A", name: "smuggled.example" }] });
  await evaluateIn(
    caught,
    `const socket = require("dgram").createSocket("udp4");
     await new Promise((done) => socket.bind(0, "10.213.1.2", done));
     const query = Buffer.from("${query.toString("hex")}", "hex");
     await new Promise((done) => socket.send(query, 53, "169.254.127.11", done));
     socket.close();`,
  );
  // What was sent later is answered, so the other would have been asked by now.
  expect(await evaluateIn(free, resolve("outside.example", "A"))).toEqual(["192.0.2.1"]);
  // A resolver that has to wait asks again.
  expect([...new Set(asked)]).toEqual(["outside.example"]);
});

test("a resolver that is not there is passed over for the next", async () => {
  const stack = await openStackWithResolver({ before: "nameserver 127.0.77.54\n" });
  const network = await addNetwork(stack, 1);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  expect(await evaluateIn(one, resolve("outside.example", "A"))).toEqual(["192.0.2.1"]);
});

test("a resolver that a container chose is asked in place of the host's, and may be a container", async () => {
  const stack = await openStackWithResolver();
  for (const isInternal of [false, true]) {
    const network = await addNetwork(stack, isInternal ? 2 : 1, { isInternal });
    const names = await stack.openSandbox({ containerId: "names", endpoints: [on(network, "names")] });
    await serveIn(names, resolverOf("198.51.100.7"));
    const resolvers = [names.publishedAddress ?? ""];
    const one = await stack.openSandbox({ containerId: "one", endpoints: [{ ...on(network, "one"), resolvers }] });
    expect(await evaluateIn(one, resolve("outside.example", "A"))).toEqual(["198.51.100.7"]);
    expect(await evaluateIn(one, resolve("names", "A"))).toEqual(resolvers);
  }
});

/** Answers every question with the address. */
const resolverOf = (address: string): string => `
  const { decode, encode } = require("dns-packet");
  const udp = require("dgram").createSocket("udp4");
  udp.on("message", (query, { port, address }) => {
    const { id, questions } = decode(query);
    const answers = [{ type: "A", name: questions[0].name, ttl: 1, data: ${JSON.stringify(address)} }];
    udp.send(encode({ type: "response", id, questions, answers }), port, address);
  });
  udp.bind(53, ready);`;

/** A resolver on the host's loopback, where it would be out of the containers' reach. */
async function openStackWithResolver({ before = "", asked = [] as string[] } = {}): Promise<NetworkStack> {
  const address = "127.0.77.53";
  const udp = createSocket("udp4");
  udp.on("message", (query, { port, address: client }) => {
    const { id, questions } = decode(query);
    asked.push(questions?.[0]?.name ?? "");
    const answers = answersTo(questions?.[0]?.name ?? "");
    const isLarge = answers.length > 1;
    const flags = isLarge ? TRUNCATED_RESPONSE : 0;
    udp.send(encode({ type: "response", id, flags, questions, answers: isLarge ? [] : answers }), port, client);
  });
  const tcp = createServer((socket) => {
    socket.on("data", (chunk) => {
      const { id, questions } = streamDecode(chunk);
      socket.end(streamEncode({ type: "response", id, questions, answers: answersTo(questions?.[0]?.name ?? "") }));
    });
  });
  onTestFinished(() => {
    udp.close();
    tcp.close();
  });
  const resolverPort = await freePort();
  udp.bind(resolverPort, address);
  await once(udp, "listening");
  tcp.listen(resolverPort, address);
  await once(tcp, "listening");
  const folder = await mkdtemp(join(tmpdir(), "runcible-resolver-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const resolvConfPath = join(folder, "resolv.conf");
  await writeFile(resolvConfPath, `${before}nameserver ${address}\n`);
  return await openStack({ resolvConfPath, resolverPort });
}

function answersTo(name: string): Answer[] {
  const count = name.startsWith("large") ? 100 : 1;
  return Array.from({ length: count }, (_, index) => ({ type: "A", name, ttl: 1, data: `192.0.2.${index + 1}` }));
}
