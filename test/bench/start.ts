import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { exitOf, run, spawnTool } from "../../src/internal/exec";
import { builtPackage } from "../support/built-package";
import { useTestEngine } from "../support/engine";
import { freePort } from "../support/free-port";
import { pushTestImage, testImage } from "../support/images";
import { repeat, row, timed } from "./measure";
import type { Section } from "./section";

const { GenericContainer } = builtPackage;

const turns = 5;
const runsOfTurn = 10;
const httpServer = ["httpd", "-f", "-p", "8080", "-h", "/etc"];

/**
 * A busybox HTTP server from start to its first answer, and its stop: through the API, and by bare runc on the host
 * network. In turns, as a machine's pace changes within seconds.
 */
export async function measureStart(registry: Parameters<typeof pushTestImage>[0]): Promise<Section> {
  await using _engine = await useTestEngine();
  const image = await pushTestImage(registry, "busybox");
  await using bundle = await prepareBundle();
  // The first start pulls the image and starts the engine.
  await startOnce(image);
  const turnsTaken = await repeat(turns, async (turn) => ({
    ours: await repeat(runsOfTurn, () => startOnce(image)),
    bare: await repeat(runsOfTurn, (index) => runBare(bundle, `runcible-bench-${process.pid}-${turn}-${index}`)),
  }));
  const ours = turnsTaken.flatMap((turn) => turn.ours);
  const bare = turnsTaken.flatMap((turn) => turn.bare);
  return {
    title: "Start to ready, and stop",
    note: "A busybox HTTP server; ready is the first answer to a plain request. Bare runc has no network, no overlay and no logs to set up.",
    rows: [
      row(
        "start, through the API",
        ours.map(({ startMs }) => startMs),
      ),
      row(
        "start, bare `runc run`",
        bare.map(({ startMs }) => startMs),
      ),
      row(
        "stop, through the API",
        ours.map(({ stopMs }) => stopMs),
      ),
      row(
        "stop, `runc kill` to the end of `runc run`",
        bare.map(({ stopMs }) => stopMs),
      ),
    ],
  };
}

interface StartTimes {
  readonly startMs: number;
  readonly stopMs: number;
}

async function startOnce(image: string): Promise<StartTimes> {
  const start = await timed(async () => {
    const container = await new GenericContainer(image).withCommand(httpServer).withExposedPorts(8080).start();
    await firstAnswer(container.getHost(), container.getMappedPort(8080));
    return container;
  });
  const stop = await timed(() => start.result.stop());
  return { startMs: start.ms, stopMs: stop.ms };
}

interface Bundle extends AsyncDisposable {
  readonly path: string;
  /** Of the host, that its server listens on. */
  readonly port: number;
}

async function prepareBundle(): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-bench-"));
  const path = join(folder, "bundle");
  await run("umoci", ["unpack", "--image", `${await testImage("busybox")}:image`, path]);
  const port = await freePort();
  await changeSpec(join(path, "config.json"), port);
  return { path, port, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** The same server without a network namespace of its own, so that it can be reached. */
async function changeSpec(file: string, port: number): Promise<void> {
  const spec = JSON.parse(await readFile(file, "utf8"));
  spec.process.terminal = false;
  spec.process.args = [...httpServer.slice(0, 3), String(port), ...httpServer.slice(4)];
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }: { type: string }) => type !== "network");
  await writeFile(file, JSON.stringify(spec));
}

async function runBare({ path, port }: Bundle, id: string): Promise<StartTimes> {
  const start = await timed(async () => {
    const child = spawnTool("runc", ["run", "--bundle", path, id], { stdio: "ignore" });
    const exited = exitOf(child, "runc");
    await firstAnswer("127.0.0.1", port);
    // Wrapped: a promise that is returned plain would be waited for.
    return { exited };
  });
  const stop = await timed(async () => {
    await run("runc", ["kill", id, "KILL"]);
    await start.result.exited;
  });
  return { startMs: start.ms, stopMs: stop.ms };
}

/** As soon as there is one: asks again and again. */
async function firstAnswer(host: string, port: number): Promise<void> {
  while (!(await answers(host, port))) await delay(1);
}

/** One plain request, without a client's own work. */
async function answers(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    socket.write(`GET /passwd HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
    const [answer] = await once(socket, "data");
    return String(answer).startsWith("HTTP/");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
