import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { type DockerCommand, must } from "../../support/docker-command";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { connectRaw } from "../http/raw-connection";
import { dockerOnEngine } from "./docker-on-engine";

const engine = useEngineOfThisFile();
let docker: DockerCommand;
let image: string;

beforeAll(async () => {
  ({ docker, image } = await dockerOnEngine(engine));
});

async function created(...args: readonly string[]): Promise<{ readonly id: string; readonly stderr: string }> {
  const { stdout, stderr, exitCode } = await docker(["create", ...args, image, "true"]);
  const id = stdout.trim();
  if (id !== "") onTestFinished(async () => void (await docker(["rm", "-f", id])));
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return { id, stderr };
}

test.each([
  [["--gpus", "all"], 'could not select device driver "" with capabilities: [[gpu]]'],
  [["--runtime", "nosuch"], "unknown or invalid runtime name: nosuch"],
  [["--isolation", "hyperv"], `Invalid isolation: "hyperv" - linux only supports 'default'`],
  [["--storage-opt", "size=1G"], "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
  [["--cpu-rt-runtime", "1000"], "CpuRealtimeRuntime: left out by this engine"],
  [["--device-cgroup-rule", "c 42:* rmw"], "DeviceCgroupRules: left out by this engine"],
  [["--volume-driver", "nosuch", "-v", "left-out:/a"], 'plugin "nosuch" not found'],
  [["--network", "bridge", "--link-local-ip", "169.254.1.1"], "link-local address 169.254.1.1"],
  [["--network", "bridge", "--ip6", "fd00::2"], "IPv6 address fd00::2"],
])("create %j is refused and makes nothing", async (args, message) => {
  const { stderr, exitCode } = await docker(["create", "--name", "left-out", ...args, image, "true"]);

  expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining(message), exitCode: 1 });
  expect(await must(docker, "ps", "-aq", "--filter", "name=left-out")).toBe("");
});

test("what asks for the usual is not refused", async () => {
  const { stderr } = await created("--runtime", "runc", "--isolation", "default", "--volume-driver", "local");

  expect(stderr).not.toMatch(/discarded|left out/);
});

test.each([["--cgroup-parent", "/elsewhere", "CgroupParent"]])(
  "create %s %s warns that it is discarded",
  async (option, value, field) => {
    const { stderr } = await created(option, value);

    expect(stderr).toMatch(new RegExp(`WARNING: .*${field}.* discarded`));
  },
);

test.each([
  ["IPv6 is asked for", { EnableIPv6: true }],
  ["its subnet is of IPv6", { IPAM: { Config: [{ Subnet: "fd00:1::/64" }] } }],
])("a network for which %s warns, and has IPv4 alone", async (_, body) => {
  const { networks } = engine.client;
  const { Id, Warning } = await networks.create({ Name: "left-out", ...body });
  onTestFinished(() => networks.remove(Id));

  expect(Warning).toContain("IPv4 only");
  const { EnableIPv6, IPAM } = await networks.inspect(Id);
  expect({ EnableIPv6, subnets: IPAM.Config }).toEqual({
    EnableIPv6: false,
    subnets: [expect.objectContaining({ Subnet: expect.stringMatching(/^[\d.]+\/\d+$/) })],
  });
});

async function answerTo(method: string, path: string): Promise<string> {
  const { socket, all } = await connectRaw(join(engine.stateFolder, "engine.sock"));
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  return await all();
}

test.each([
  ["GET", "/containers/x/attach/ws?stream=1", "POST /containers/{id}/attach"],
  ["GET", "/v1.45/containers/x/checkpoints", "checkpoints"],
  ["POST", "/containers/x/checkpoints", "checkpoints"],
  ["DELETE", "/containers/x/checkpoints/one", "checkpoints"],
  ["POST", "/swarm/init", "swarm"],
  ["POST", "/v1.45/swarm/join", "swarm"],
  ["POST", "/plugins/pull?remote=x", "plugins"],
  ["GET", "/plugins/privileges?remote=x", "plugins"],
  ["POST", "/containers/x/start?checkpoint=one", "checkpoint"],
  ["PUT", "/volumes/x?version=1", "cluster"],
])("%s %s is left out with a sentence that says so", async (method, path, sentence) => {
  const answer = await answerTo(method, path);

  expect(answer).toMatch(/^HTTP\/1\.1 501 /);
  expect(answer.split("\r\n\r\n")[1]).toContain(sentence);
});

test.each([
  ["/containers//json", "/containers/json"],
  ["/v1.45/containers//json?size=1", "/v1.45/containers/json?size=1"],
])("an empty name, %s, is sent to %s", async (path, target) => {
  expect(await answerTo("GET", path)).toMatch(
    new RegExp(`^HTTP/1\\.1 301 .*\r\nLocation: ${target.replace("?", "\\?")}\r\n`, "s"),
  );
});

test("a platform that there is not is no matter of the registry", async () => {
  const answer = await answerTo("POST", "/images/create?fromImage=localhost:1/x&tag=1&platform=bogus");

  expect(answer).toMatch(/^HTTP\/1\.1 400 .*parse platform \\"bogus\\"/s);
});
