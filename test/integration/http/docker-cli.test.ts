import { expect, test } from "vitest";
import type { ContainerService, WaitOutcome } from "../../../src/engine/routes/container-service";
import type { ContainerSpec } from "../../../src/engine/routes/container-spec";
import type { OutputChunk } from "../../../src/engine/routes/stream-types";
import type { SystemInfo } from "../../../src/engine/routes/system-service";
import { deferred } from "../../../src/internal/deferred";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { noFolder } from "../../support/docker-command";
import { containerView, serveEngine, systemInfo } from "./serve-engine";

function docker(socketPath: string, args: readonly string[], input?: string): Promise<RunResult> {
  const env = { PATH: process.env["PATH"], HOME: noFolder, DOCKER_HOST: `unix://${socketPath}` };
  return runUnchecked("docker", args, { env, ...(input === undefined ? {} : { input }) });
}

/** A container that, once started, repeats its input in upper case and exits with 3. */
function shouter(): { readonly service: Partial<ContainerService>; readonly specs: readonly ContainerSpec[] } {
  const specs: ContainerSpec[] = [];
  const started = deferred();
  const exited = deferred<WaitOutcome>();
  async function* shout(input: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk> {
    await started.promise;
    for await (const chunk of input) yield { stream: "stdout", data: Buffer.from(chunk.toString().toUpperCase()) };
    exited.resolve({ exitCode: 3 });
  }
  const service: Partial<ContainerService> = {
    create: async (spec) => {
      specs.push(spec);
      return { id: "ab".repeat(32), warnings: [] };
    },
    attach: async (_, { input }) => ({ isTty: false, output: shout(input ?? (async function* () {})()) }),
    wait: async () => ({ outcome: exited.promise }),
    start: async () => started.resolve(),
    inspect: async () => containerView({ Image: "bb", OpenStdin: true }),
  };
  return { service, specs };
}

test("docker run -i passes input, output and the exit code", async () => {
  const { service, specs } = shouter();
  const { socketPath } = await serveEngine({ containers: service });
  const result = await docker(socketPath, ["run", "-i", "-p", "8080:80", "bb", "cat"], "typed\n");
  expect(result).toEqual({ stdout: "TYPED\n", stderr: "", exitCode: 3 });
  expect(specs).toMatchObject([{ command: ["cat"], publish: [{ hostPort: { first: 8080 } }], openStdin: true }]);
});

test("docker ps and docker inspect show a container", async () => {
  const view = containerView({ Image: "bb", Cmd: ["sh", "-c", "true; true"] });
  const { socketPath } = await serveEngine({ containers: { list: async () => [view], inspect: async () => view } });
  const table = await docker(socketPath, ["ps", "--format", "{{.Names}} {{.Image}} {{.Command}}", "--no-trunc"]);
  expect(table.stdout).toBe("brave_bell bb \"sh -c 'true; true'\"\n");
  const inspected = await docker(socketPath, ["inspect", "-f", "{{.State.Status}} {{.HostConfig.NetworkMode}}", "c"]);
  expect(inspected.stdout).toBe("running bridge\n");
});

test("docker info lists mirrors of Docker Hub", async () => {
  const info = async (): Promise<SystemInfo> => ({
    ...systemInfo,
    hubMirrors: ["https://a.example", "http://b:5000/"],
  });
  const { socketPath } = await serveEngine({ system: { info } });
  const { stdout } = await docker(socketPath, ["info"]);
  expect(stdout).toMatch(/Registry Mirrors:\n\s+https:\/\/a\.example\/\n\s+http:\/\/b:5000\/\n/);
});

test("docker info and docker version find all they print", async () => {
  const { socketPath } = await serveEngine();
  const info = await docker(socketPath, ["info"]);
  expect(info).toMatchObject({ exitCode: 0 });
  expect(info.stdout).toContain("Debian GNU/Linux 12");
  expect((await docker(socketPath, ["version"])).stdout).toContain("1.45");
});
