import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTransport } from "../../../src/client/transport";
import { GenericContainer } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { userTest } from "../../support/run-as";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();
const sleeper = { Cmd: ["sleep", "1000"] };

userTest("limits are discarded with a warning, told at each create and logged once", "root has cgroups", async () => {
  const Image = await busyboxImage();
  const limited = { ...sleeper, Image, HostConfig: { Memory: 64 * 1024 * 1024, PidsLimit: 10 } };
  const { client, stateFolder } = engine;
  const created = [await client.containers.create(limited), await client.containers.create(limited)];
  for (const { Id, Warnings } of created) {
    expect(Warnings).toEqual([expect.stringContaining("discarded")]);
    await client.containers.start(Id);
    await client.containers.remove(Id, { force: true });
  }
  const log = await readFile(join(stateFolder, "engine.log"), "utf8");
  expect(log.match(/are discarded/g)).toHaveLength(1);
});

userTest("a ulimit that the user cannot raise is lowered with a warning", "root can raise any", async () => {
  const Image = await busyboxImage();
  const asked = 2 ** 30;
  const HostConfig = { Ulimits: [{ Name: "nofile", Soft: asked, Hard: asked }] };
  const { Id, Warnings } = await engine.client.containers.create({ ...sleeper, Image, HostConfig });
  expect(Warnings).toEqual([expect.stringContaining("Ulimit nofile is lowered")]);
  await engine.client.containers.start(Id);
  await engine.client.containers.remove(Id, { force: true });
});

userTest("a low port is refused with the setting that allows it", "root may have any", async () => {
  const container = new GenericContainer(await busyboxImage())
    .withCommand(["sleep", "1000"])
    .withExposedPorts({ container: 80, host: 80 });
  await expect(container.start()).rejects.toThrow(/net\.ipv4\.ip_unprivileged_port_start=80/);
});

test("a container's processes are listed and measured, and stand still while it is paused", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sh", "-c", "while true; do i=$((i + 1)); echo $i; done | tail -n 1 & exec sleep 1000"])
    .start();
  const at = `/containers/${container.getId()}`;
  const { client } = engine;
  const transport = createTransport(client.endpoint);
  const stats = async (): Promise<Stats> =>
    transport.call("GET", `${at}/stats`, { query: { stream: false, "one-shot": true } });

  const commands = async (): Promise<readonly (string | undefined)[]> => {
    const top = await transport.call<{ readonly Processes: readonly (readonly string[])[] }>("GET", `${at}/top`);
    return top.Processes.map((columns) => columns.at(-1));
  };
  // All may still be on their way to become the programs.
  const programs = ["sleep 1000", "tail -n 1"];
  await waitUntil(async () => {
    const seen = await commands();
    return seen.length >= 3 && programs.every((program) => seen.includes(program));
  }, 30_000);
  expect(await commands()).toEqual(expect.arrayContaining(programs));
  const running = await stats();
  expect(running.pids_stats.current).toBeGreaterThanOrEqual(3);
  expect(running.memory_stats.usage).toBeGreaterThan(0);
  await client.containers.pause(container.getId());
  const used = (await stats()).cpu_stats.cpu_usage.total_usage;
  expect((await stats()).cpu_stats.cpu_usage.total_usage).toBe(used);
  await client.containers.unpause(container.getId());
  expect(await waitUntil(async () => (await stats()).cpu_stats.cpu_usage.total_usage > used, 30_000)).toBe(true);
  transport.close();
});

test("a container uses the host's network", async () => {
  await using container = await new GenericContainer(await busyboxImage())
    .withCommand(["sleep", "1000"])
    .withNetworkMode("host")
    .start();
  const { output } = await container.exec(["cat", "/proc/net/dev"]);
  expect(linksIn(output)).toEqual(linksIn(await readFile("/proc/net/dev", "utf8")));
});

interface Stats {
  readonly pids_stats: { readonly current: number };
  readonly memory_stats: { readonly usage: number };
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
}

/** Without those of the engines and tests that work beside this one, which come and go. */
function linksIn(table: string): readonly string[] {
  const all = table.split("\n").flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []);
  return all.filter((name) => !/^(rc|rt|br-|docker|veth)/.test(name));
}
