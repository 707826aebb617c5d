import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  LABEL_TESTCONTAINERS_SESSION_ID,
} from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

async function sleeper(labels: Record<string, string>): Promise<string> {
  const container = new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).withAutoCleanup(false);
  return (await container.withLabels(labels).start()).getId();
}

async function isThere(id: string): Promise<boolean> {
  return (await engine.client.containers.list({ all: true })).some(({ Id }) => Id === id);
}

test("the session of this process is the reaper's, and containers carry its label", async () => {
  const reaper = await getReaper(await getContainerRuntimeClient());
  await using container = await new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]).start();

  expect(container.getLabels()[LABEL_TESTCONTAINERS_SESSION_ID]).toBe(reaper.sessionId);
  expect(reaper.containerId).toBe("");
});

test("a session takes along what belongs to a compose project that it claims, and nothing else", async () => {
  const session = await engine.client.sessions.open({ Id: "claims", Claims: { "com.docker.compose.project": "mine" } });
  const mine = await sleeper({ "com.docker.compose.project": "mine" });
  const other = await sleeper({ "com.docker.compose.project": "other" });

  session?.close();

  expect(await waitUntil(async () => !(await isThere(mine)), 30_000)).toBe(true);
  expect(await isThere(other)).toBe(true);
  await engine.client.containers.remove(other, { force: true });
});

test("what is added to the reaper keeps this process's company", async () => {
  const reaper = await getReaper(await getContainerRuntimeClient());
  reaper.addSession("a-lambda");
  reaper.addComposeProject("a-project");
  const id = await sleeper({ [LABEL_TESTCONTAINERS_SESSION_ID]: "a-lambda" });

  // Had the session not been joined, its end would be one already.
  const joined = await engine.client.sessions.open({ Id: "a-lambda" });
  joined?.close();
  await joined?.ended();

  expect(await isThere(id)).toBe(true);
  await engine.client.containers.remove(id, { force: true });
});

/** What it answers to a line; nothing if it takes no connection, or hangs up. */
async function answerTo(line: string, port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const answer = once(socket, "data").then(String, () => "");
  const hungUp = once(socket, "close").then(() => "");
  socket.on("error", () => {}).write(line);
  const first = await Promise.race([answer, hungUp]);
  socket.destroy();
  return first;
}

test("who comes to the stand-in for Ryuk when it is removing already is not acknowledged", async () => {
  const { client } = engine;
  const image = { name: "testcontainers/ryuk", tag: "0.14.0" };
  await client.images.pull(image);
  const { Id: reaper } = await client.containers.create({
    Image: `${image.name}:${image.tag}`,
    Env: ["RYUK_RECONNECTION_TIMEOUT=1ms"],
    ExposedPorts: { "8080/tcp": {} },
    HostConfig: { PortBindings: { "8080/tcp": [{}] } },
  });
  onTestFinished(() => client.containers.remove(reaper, { force: true }));
  await client.containers.start(reaper);
  const { Ports } = (await client.containers.inspect(reaper)).NetworkSettings;
  const port = Number(Ports?.["8080/tcp"]?.[0]?.HostPort);
  // It cannot be removed, so the reaper tries again for seconds.
  const { Id: network } = await client.networks.create({ Name: "reaped-late", Labels: { reaped: "late" } });
  // The reaper may have been quicker.
  onTestFinished(() => client.networks.remove(network).catch(() => {}));
  const container = new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]);
  await using _user = await container.withNetworkMode("reaped-late").start();

  expect(await answerTo("label=reaped=late\n", port)).toBe("ACK\n");
  for await (const line of await client.containers.logs(reaper, { follow: true })) {
    if (String(line).includes("prune")) break;
  }

  expect(await answerTo("label=reaped=late\n", port)).toBe("");
});
