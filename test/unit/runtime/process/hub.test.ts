import { expect, test } from "vitest";
import { createHub, type HubChunk } from "../../../../src/runtime/process/hub";

const mebibyte = 1024 * 1024;
const chunk = (stream: HubChunk["stream"], bytes: number): HubChunk => ({ stream, data: Buffer.alloc(bytes) });

test("every reader gets everything in order and then the end", async () => {
  const hub = createHub();
  const readers = [hub.subscribe(), hub.subscribe()];
  await hub.push({ stream: "stdout", data: Buffer.from("a") });
  await hub.push({ stream: "stderr", data: Buffer.from("b") });
  hub.end();
  const read = readers.map((reader) => textsOf(reader));
  expect(await Promise.all(read)).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
});

test("a slow reader holds both streams back until it has read", async () => {
  const hub = createHub();
  const reader = hub.subscribe();
  let pushed = 0;
  const pushes = [hub.push(chunk("stdout", mebibyte)), hub.push(chunk("stderr", mebibyte))];
  for (const push of pushes) void push.then(() => pushed++);
  await reader.next();
  expect(pushed).toBe(0);
  await reader.next();
  await Promise.all(pushes);
  expect(pushed).toBe(2);
});

test("a reader that leaves holds nobody back", async () => {
  const hub = createHub();
  const reader = hub.subscribe();
  const push = hub.push(chunk("stdout", 2 * mebibyte));
  await reader.return?.();
  await push;
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});

test("in a hurry nobody is waited for, and nothing is lost", async () => {
  const hub = createHub();
  const reader = hub.subscribe();
  const heldBack = hub.push(chunk("stdout", 2 * mebibyte));
  hub.hurry();
  await heldBack;
  await hub.push({ stream: "stdout", data: Buffer.from("last") });
  hub.end();
  await reader.next();
  expect(await textsOf(reader)).toEqual(["last"]);
});

test("without a reader output is let through", async () => {
  const hub = createHub();
  await hub.push(chunk("stdout", 8 * mebibyte));
  hub.end();
  expect(await hub.subscribe().next()).toEqual({ done: true, value: undefined });
});

async function textsOf(reader: AsyncIterable<HubChunk>): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const { data } of reader) texts.push(String(data));
  return texts;
}
