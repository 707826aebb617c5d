import { join } from "node:path";
import Dockerode from "dockerode";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "../api/busybox-image";
import { connectRaw } from "../http/raw-connection";

const engine = useEngineOfThisFile();
let socketPath: string;
let docker: DockerCommand;
let dockerode: Dockerode;
let image: string;

beforeAll(async () => {
  await getRuntime();
  socketPath = join(engine.stateFolder, "engine.sock");
  docker = dockerOn(`unix://${socketPath}`);
  dockerode = new Dockerode({ socketPath });
  image = await busyboxImage();
});

async function running(...args: readonly string[]): Promise<Dockerode.Container> {
  const id = await must(docker, "run", "-d", ...args);
  onTestFinished(async () => void (await docker(["rm", "-f", id])));
  return dockerode.getContainer(id);
}

/** Everything that a request on a bare connection is answered. */
async function answerTo(path: string, body = ""): Promise<string> {
  const { socket, all } = await connectRaw(socketPath);
  const upgrade = "Connection: Upgrade\r\nUpgrade: tcp";
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${upgrade}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return await all();
}

test("who has said what they had to say to a container that goes on reading is let go", async () => {
  const { id } = await running("-i", image, "cat");
  const { socket, all } = await connectRaw(socketPath);
  const head = `POST /containers/${id}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x`;
  socket.end(`${head}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\na line\n`);

  expect(await all()).toContain("HTTP/1.1 101 ");
  expect(await must(docker, "inspect", "-f", "{{.State.Running}}", id)).toBe("true");
});

test("an attach to none of the streams ends at once", async () => {
  const { id } = await running(image, "sleep", "1000");

  expect(await answerTo(`/containers/${id}/attach?stream=1`)).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\n$/s);
});

test("an exec shows the streams that were asked for, and takes a variable away that has no value", async () => {
  const container = await running("-e", "A=1", image, "sleep", "1000");
  const Cmd = ["sh", "-c", 'echo out; echo "A is [$A]" >&2'];
  const exec = await container.exec({ Cmd, Env: ["A"], AttachStderr: true });

  const answer = await answerTo(`/exec/${exec.id}/start`, "{}");

  expect(answer).toContain("A is []\n");
  expect(answer).not.toContain("out\n");
});

test("a terminal begins with the size that was given when it was made", async () => {
  const container = await running(image, "sleep", "1000");
  const exec = await container.exec({ Cmd: ["stty", "size"], Tty: true, AttachStdout: true, ConsoleSize: [30, 50] });
  expect(await answerTo(`/exec/${exec.id}/start`, '{"Tty":true}')).toContain("30 50\r\n");

  const created = await dockerode.createContainer({
    Image: image,
    Cmd: ["stty", "size"],
    Tty: true,
    HostConfig: { ConsoleSize: [31, 51] },
  });
  onTestFinished(() => created.remove({ force: true }));
  await created.start();
  await created.wait();
  expect((await created.logs({ stdout: true })).toString()).toContain("31 51\r\n");
});

test("sizes that no terminal has are refused", async () => {
  const container = await running("-t", image, "sleep", "1000");

  await expect(container.resize({ h: -1, w: 80 })).rejects.toMatchObject({ statusCode: 400 });
  await expect(container.resize({ h: 24, w: 70_000 })).rejects.toMatchObject({ statusCode: 400 });
});

test("a paused container is neither started nor attached to, and says what keeps it", async () => {
  const container = await running(image, "sleep", "1000");
  await container.pause();
  onTestFinished(() => container.unpause());

  await expect(container.start()).rejects.toMatchObject({
    statusCode: 409,
    json: { message: "cannot start a paused container, try unpause instead" },
  });
  expect(await answerTo(`/containers/${container.id}/attach?stream=1&stdout=1`)).toContain(
    `Container ${container.id} is paused, unpause the container before attach`,
  );
});

test("who asks for a container between two tries of its restart policy is told to wait", async () => {
  const container = await running("--restart", "always", image, "false");
  const refusal = (): Promise<string> =>
    container.exec({ Cmd: ["true"] }).then(
      () => "",
      (error: { readonly json: { readonly message: string } }) => error.json.message,
    );
  const expected = `Container ${container.id} is restarting, wait until the container is running`;

  expect(await waitUntil(async () => (await refusal()) === expected, 30_000)).toBe(true);
});

test("a request to remove a link does not remove the container", async () => {
  const container = await running(image, "sleep", "1000");

  await expect(container.remove({ link: true, force: true })).rejects.toMatchObject({ statusCode: 501 });
  expect((await container.inspect()).State.Running).toBe(true);
});

test("bindings and an empty health check are shown as Docker shows them", async () => {
  const created = await dockerode.createContainer({
    Image: image,
    Cmd: ["true"],
    Healthcheck: {},
    ExposedPorts: { "80/tcp": {} },
    HostConfig: { PortBindings: { "80/tcp": [{}] } },
  });
  onTestFinished(() => created.remove({ force: true }));
  const { Config, HostConfig, State } = await created.inspect();

  expect(HostConfig.PortBindings).toEqual({ "80/tcp": [{ HostIp: "", HostPort: "" }] });
  expect(Config.Healthcheck).toEqual({});
  expect(State.Health).toBeUndefined();
});

test("there is no such plugin", async () => {
  await expect(dockerode.getPlugin("a/b:latest", "").inspect()).rejects.toMatchObject({
    statusCode: 404,
    json: { message: 'plugin "a/b:latest" not found' },
  });
});
