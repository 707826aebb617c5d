import { expect, onTestFinished, test } from "vitest";
import type { NetworkDefinition } from "../../../src/runtime/network/stack";
import { type OtherMachine, startOtherMachine } from "../../support/network/other-machine";
import { evaluateIn } from "./in-sandbox";
import { addNetwork, on, openStack } from "./open-stack";

async function otherMachine(): Promise<OtherMachine> {
  const machine = await startOtherMachine();
  onTestFinished(() => machine[Symbol.asyncDispose]());
  return machine;
}

const fetchFrom = (address: string): string => `
  const reply = await fetch("http://${address}/", { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return reply === undefined ? "UNREACHED" : await reply.text();`;

const askUdp = (address: string, text: string): string => `
  const socket = require("dgram").createSocket("udp4");
  try {
    return await new Promise((resolve) => {
      socket.on("message", (data) => resolve(String(data)));
      socket.send("${text}", 7, "${address}", (error) => error && resolve("UNREACHED"));
      setTimeout(resolve, 2000, "UNREACHED").unref();
    });
  } finally {
    socket.close();
  }`;

test.each<[string, Partial<NetworkDefinition>]>([
  ["the default bridge", { answersNames: false }],
  ["a user's network", {}],
])("from %s another machine is reached, and sees this machine's address", async (_, changes) => {
  const machine = await otherMachine();
  const stack = await openStack();
  const network = await addNetwork(stack, 1, changes);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  expect(await evaluateIn(one, fetchFrom(machine.address))).toBe(machine.neighbour);
  expect(await evaluateIn(one, askUdp(machine.address, "hello"))).toBe(`${machine.neighbour} hello`);
});

test("from an internal network no other machine is reached, until a network with a way out is joined", async () => {
  const machine = await otherMachine();
  const stack = await openStack();
  const [internal, open] = [await addNetwork(stack, 1, { isInternal: true }), await addNetwork(stack, 2)];
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(internal, "one")] });
  expect(await evaluateIn(one, fetchFrom(machine.address))).toBe("UNREACHED");
  expect(await evaluateIn(one, askUdp(machine.address, "hello"))).toBe("UNREACHED");
  await one.connect(on(open, "one"));
  expect(await evaluateIn(one, fetchFrom(machine.address))).toBe(machine.neighbour);
  await one.disconnect(open.id);
  expect(await evaluateIn(one, fetchFrom(machine.address))).toBe("UNREACHED");
});
