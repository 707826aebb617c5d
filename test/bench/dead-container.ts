import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { WaitStrategy } from "../../src/index";
import { run } from "../../src/internal/exec";
import { builtPackage } from "../support/built-package";
import { useTestEngine } from "../support/engine";
import { pushTestImage } from "../support/images";
import { repeat, row, timed } from "./measure";
import type { Section } from "./section";

const { GenericContainer, Wait } = builtPackage;

const turns = 5;

const ownWait: WaitStrategy = {
  waitUntilReady: () => new Promise(() => {}),
  withStartupTimeout: () => ownWait,
  isStartupTimeoutSet: () => false,
  getStartupTimeout: () => 0,
};

const waits: readonly (readonly [what: string, wait: WaitStrategy])[] = [
  ["listening ports", Wait.forListeningPorts()],
  ["a log line", Wait.forLogMessage("never")],
  ["HTTP", Wait.forHttp("/", 80)],
  ["a health check", Wait.forHealthCheck()],
  ["a command", Wait.forSuccessfulCommand("false")],
  ["a strategy of the user's own", ownWait],
];

/** From the moment when a container's process is told to end until `start()` has failed, whatever it waits for. */
export async function measureDeadContainer(registry: Parameters<typeof pushTestImage>[0]): Promise<Section> {
  await using _engine = await useTestEngine();
  const image = await pushTestImage(registry, "busybox");
  const times = await repeat(turns, () =>
    repeat(waits.length, (kind) => untilFailed(image, waits[kind]?.[1] ?? ownWait)),
  );
  return {
    title: "From the end of a process until the wait for it fails",
    note: "A container ends while `start()` waits for what never comes; until `start()` has thrown, with the container removed and its last log lines in the error.",
    rows: waits.map(([what], kind) =>
      row(
        `wait for ${what}`,
        times.map((ofTurn) => ofTurn[kind] ?? Number.NaN),
      ),
    ),
  };
}

async function untilFailed(image: string, wait: WaitStrategy): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-bench-"));
  try {
    await run("mkfifo", [join(folder, "end")]);
    const failing = new GenericContainer(image)
      .withExposedPorts(80)
      .withHealthCheck({ test: ["CMD-SHELL", "false"], interval: 60_000 })
      .withBindMounts([{ source: folder, target: "/bench" }])
      .withCommand(["sh", "-c", "read word </bench/end; exit 9"])
      .withWaitStrategy(wait)
      .start()
      .then(
        () => "it started",
        ({ code }: { readonly code: string }) => code,
      );
    // Opened when the process reads from it.
    const end = await open(join(folder, "end"), "w");
    // The wait stands by then.
    await delay(300);
    const { ms, result } = await timed(async () => {
      await end.write("now\n");
      return await failing;
    });
    await end.close();
    if (result !== "start-failed") throw new TypeError(`a container that ended: ${result}`);
    return ms;
  } finally {
    await rm(folder, { recursive: true });
  }
}
