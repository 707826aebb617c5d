import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { createLogger } from "../../../src/internal/log";
import type { NetworkDefinition } from "../../../src/runtime/network/stack";
import { openPastaUplink } from "../../../src/runtime/network/uplink/pasta";
import { openSlirpUplink } from "../../../src/runtime/network/uplink/slirp";
import type { UplinkDriver } from "../../../src/runtime/network/uplink/uplink";
import { type OtherMachine, startOtherMachine } from "../../support/network/other-machine";
import { isMachineRoot } from "../../support/run-as";
import { waitUntil } from "../../support/wait-until";
import { evaluateIn, patienceMs, silenceMs } from "./in-sandbox";
import { addNetwork, on, openStack } from "./open-stack";

/** Name, driver, and what the kernel calls the program. */
type Helper = [string, UplinkDriver | undefined, RegExp];
const helpers: Helper[] = isMachineRoot
  ? [["nft", undefined, /^nft$/m]]
  : [
      ["slirp4netns", openSlirpUplink, /^slirp4netns$/m],
      // One program with several names, made for several processors.
      ["pasta", openPastaUplink, /^pas(ta|st)\b/],
    ];

async function otherMachine(): Promise<OtherMachine> {
  const machine = await startOtherMachine();
  onTestFinished(() => machine[Symbol.asyncDispose]());
  return machine;
}

const fetchFrom = (address: string, limitMs: number = patienceMs): string => `
  const reply = await fetch("http://${address}/", { signal: AbortSignal.timeout(${limitMs}) }).catch(() => undefined);
  return reply === undefined ? "UNREACHED" : await reply.text();`;

const askUdp = (address: string, text: string, limitMs: number = patienceMs): string => `
  const socket = require("dgram").createSocket("udp4");
  try {
    return await new Promise((resolve) => {
      socket.on("message", (data) => resolve(String(data)));
      socket.send("${text}", 7, "${address}", (error) => error && resolve("UNREACHED"));
      setTimeout(resolve, ${limitMs}, "UNREACHED").unref();
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
  expect(await evaluateIn(one, fetchFrom(machine.address, silenceMs))).toBe("UNREACHED");
  expect(await evaluateIn(one, askUdp(machine.address, "hello", silenceMs))).toBe("UNREACHED");
  await one.connect(on(open, "one"));
  expect(await evaluateIn(one, fetchFrom(machine.address))).toBe(machine.neighbour);
  await one.disconnect(open.id);
  expect(await evaluateIn(one, fetchFrom(machine.address, silenceMs))).toBe("UNREACHED");
});

test.each(helpers)("a way out is made again when %s, on which it depends, is killed", async (name, uplink, program) => {
  const machine = await otherMachine();
  const lines: string[] = [];
  const logger = createLogger((line) => lines.push(line), "info");
  const stack = await openStack({ logger, ...(uplink === undefined ? {} : { uplink }) });
  const network = await addNetwork(stack, 1);
  const one = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  for (let round = 1; round <= 2; round += 1) {
    const [pid] = await theOnly(program);
    if (pid === undefined) expect.fail(`${name} does not run`);
    process.kill(pid, "SIGKILL");
    const isBack = (): Promise<boolean> =>
      Promise.resolve(lines.filter((line) => line.includes("have their way out again")).length === round);
    expect(await waitUntil(isBack, 30_000)).toBe(true);
    expect(await theOnly(program)).toHaveLength(1);
    expect(await evaluateIn(one, fetchFrom(machine.address))).toBe(machine.neighbour);
  }
  expect(lines.filter((line) => line.includes("containers have lost their way out"))).toHaveLength(2);
});

/** Others of its name do a piece of work now and then, and end. */
async function theOnly(program: RegExp): Promise<readonly number[]> {
  let pids: readonly number[] = [];
  await waitUntil(async () => {
    pids = await pidsOf(program);
    return pids.length === 1;
  }, 30_000);
  return pids;
}

/** Below this process. */
async function pidsOf(program: RegExp): Promise<readonly number[]> {
  const pids = (await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8")).trim().split(" ");
  const named = pids.map(async (pid) => [pid, await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")] as const);
  return (await Promise.all(named)).flatMap(([pid, name]) => (program.test(name) ? [Number(pid)] : []));
}
