import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { removeStateFolder } from "../../../src/client/remove-state";
import { run, spawnTool } from "../../../src/internal/exec";
import { socketPathOf } from "../../../src/internal/state-folder";
import { startEngineOn } from "../../support/engine-on";
import { loadTestImages } from "../../support/load-test-images";
import { openNamespace } from "../../support/network/namespace";
import { rootTest } from "../../support/run-as";
import { startSshServer } from "../../support/ssh-server";

/** TEST-NET-2 of RFC 5737: no network has it. */
const [ofEngine, ofTest] = ["198.51.100.1", "198.51.100.2"];
const images = { "bb:latest": "busybox", "testcontainers/sshd:1.4.0": "sshd" } as const;

/** Two machines on a cable: that of the engine, and that of the test. */
async function openMachines(): Promise<readonly [engine: string, test: string]> {
  const [engine, test] = [await openNamespace(), await openNamespace()];
  onTestFinished(async () => {
    await engine[Symbol.asyncDispose]();
    await test[Symbol.asyncDispose]();
  });
  const on = (machine: string, ...words: readonly string[]) =>
    run("nsenter", [`--net=${machine}`, "--", "ip", ...words]);
  await on(engine.path, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", `${test.pid}`);
  for (const [{ path }, address] of [
    [engine, ofEngine],
    [test, ofTest],
  ] as const) {
    await on(path, "addr", "add", `${address}/24`, "dev", "cable");
    await on(path, "link", "set", "cable", "up");
  }
  return [engine.path, test.path];
}

rootTest(
  "ports that a test exposes are those of its own machine, also when the engine is on another one",
  "only root makes machines",
  async () => {
    const [engineMachine, testMachine] = await openMachines();
    const stateFolder = await mkdtemp(join(tmpdir(), "runcible-remote-"));
    onTestFinished(() => removeStateFolder(stateFolder));
    await using _engine = await startEngineOn(engineMachine, stateFolder);
    await using server = await startSshServer("", { machine: engineMachine, address: ofEngine });
    await loadTestImages([`unix://${socketPathOf(stateFolder, 0)}`], images);
    const answer = `require("http").createServer((_, reply) => reply.end("of the engine's")).listen(8088, "127.0.0.1")`;
    const inEngineMachine = ["--pdeathsig", "KILL", "nsenter", `--net=${engineMachine}`, "--", process.execPath];
    const other = spawnTool("setpriv", [...inEngineMachine, "-e", answer], { stdio: "ignore" });
    onTestFinished(() => void other.kill("SIGKILL"));

    const { stdout } = await run(
      "nsenter",
      [`--net=${testMachine}`, "--", process.execPath, join(__dirname, "expose-ports.cjs"), "bb:latest"],
      {
        env: {
          ...process.env,
          HOME: await server.home(`[${ofEngine}]:${server.port} ${server.hostKey}\n`),
          DOCKER_HOST: `${server.url}${socketPathOf(stateFolder, 0)}`,
          SSH_AUTH_SOCK: "",
        },
        timeoutMs: 120_000,
      },
    );

    expect(JSON.parse(stdout)).toEqual({
      answers: ["of the test's machine", "of the test's machine"],
      refusal: "capability-missing",
    });
  },
);
