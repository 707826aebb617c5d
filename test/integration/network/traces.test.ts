import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { exitOf, run, runUnchecked, spawnTool } from "../../../src/internal/exec";
import { isMachineRoot, rootTest } from "../../support/run-as";
import { addNetwork, buildFolder, on, openStack } from "./open-stack";

/** What a stack with this id has in the host's namespace: links, tables, rules in Docker's chain. */
async function tracesOf(engineId: string): Promise<readonly string[]> {
  const [links, tables, docker] = await Promise.all([
    run("ip", ["-brief", "link"]),
    // Nobody but root may look, or have anything to see.
    runUnchecked("nft", ["list", "tables"]),
    runUnchecked("iptables", ["-S", "DOCKER-USER"]),
  ]);
  const lines = `${links.stdout}${tables.stdout}${docker.stdout}`.split("\n");
  return lines.filter((line) => line.includes(engineId));
}

const newEngineId = (): string => randomBytes(4).toString("hex");

test("closing leaves nothing in the host's namespace, nor mounts in the folder", async () => {
  const engineId = newEngineId();
  const runFolder = await mkdtemp(join(tmpdir(), "runcible-network-"));
  onTestFinished(() => rm(runFolder, { recursive: true }));
  const stack = await openStack({ engineId, runFolder });
  const network = await addNetwork(stack, 1);
  await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  expect((await tracesOf(engineId)).length > 0).toBe(isMachineRoot);
  await stack.close();
  expect(await tracesOf(engineId)).toEqual([]);
  expect(await readdir(join(runFolder, "netns"))).toEqual([]);
});

rootTest(
  "a killed holder takes the switch, its links and the host's rules with it",
  "nobody else has any",
  async () => {
    const engineId = newEngineId();
    const holder = await startHolder(engineId);
    expect((await tracesOf(engineId)).filter((line) => !line.startsWith("-A DOCKER-USER"))).toHaveLength(2);
    holder.kill("SIGKILL");
    await expect
      .poll(async () => (await tracesOf(engineId)).filter((line) => !line.startsWith("-A DOCKER-USER")), {
        timeout: 30_000,
      })
      .toEqual([]);
    // Where a docker daemon runs, the next engine takes the rules for the link that is gone out of its chain.
    await openStack();
    expect(await tracesOf(engineId)).toEqual([]);
  },
);

test("when the agent dies, changes say so and closing still clears up", async () => {
  const engineId = newEngineId();
  const stack = await openStack({ engineId });
  const network = await addNetwork(stack, 1);
  const sandbox = await stack.openSandbox({ containerId: "one", endpoints: [on(network, "one")] });
  process.kill(await agentPid(), "SIGKILL");
  await expect(sandbox.setDnsNames(network.id, ["x"])).rejects.toMatchObject({ code: "internal" });
  await stack.close();
  expect(await tracesOf(engineId)).toEqual([]);
});

test("an agent that is run by hand leaves the switches of its network namespace alone", async () => {
  // A machine may have new namespaces inherit its own switches.
  const show = "cat /proc/sys/net/ipv6/conf/all/disable_ipv6";
  const script = `before=$(${show}); "$0" "$1"; echo "ended with $?"; [ "$before" = "$(${show})" ] && echo same`;
  const agent = join(buildFolder, "runtime/network/agent-main.js");
  const { stdout, stderr } = await run("unshare", ["--net", "--", "sh", "-c", script, process.execPath, agent]);
  expect(stdout).toBe("ended with 1\nsame\n");
  expect(stderr).toContain("run network agent: the engine starts it");
});

/** The only agent among the processes this one started. */
async function agentPid(): Promise<number> {
  const { stdout } = await run("ps", ["--ppid", `${process.pid}`, "-o", "pid=,args="]);
  return Number(/^\s*(\d+) .*agent-main\.js/m.exec(stdout)?.[1]);
}

async function startHolder(engineId: string): Promise<{ kill(signal: "SIGKILL"): boolean }> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-network-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const script = `
    const { startNetworkStack } = require(${JSON.stringify(join(buildFolder, "runtime/network/stack.js"))});
    const { silentLogger } = require(${JSON.stringify(join(buildFolder, "internal/log.js"))});
    (async () => {
      const stack = await startNetworkStack({ engineId: "${engineId}", runFolder: "${folder}", logger: silentLogger });
      const id = "a".repeat(64);
      await stack.addNetwork({ id, name: "n", subnet: "10.213.1.0/24", gateway: "10.213.1.1", isInternal: false, answersNames: true });
      await stack.openSandbox({ containerId: "c", endpoints: [{ networkId: id, dnsNames: ["c"] }] });
      console.log("ready");
    })();`;
  // The folder's mounts are in a namespace of the holder's own, as the engine's are.
  const command = [
    "--mount",
    "--propagation",
    "slave",
    "--",
    "sh",
    "-c",
    `mount -t tmpfs none ${folder} && exec "$@"`,
    "sh",
  ];
  const child = spawnTool("unshare", [...command, process.execPath, "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = exitOf(child, "unshare");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  if (child.stdout !== null) await once(child.stdout, "data");
  return child;
}
