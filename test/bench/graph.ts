import type { StartedTestContainer } from "../../src/index";
import { builtPackage } from "../support/built-package";
import { useTestEngine } from "../support/engine";
import { pushTestImage } from "../support/images";
import { repeat, row, timed } from "./measure";
import type { Section } from "./section";

const { GenericContainer, TestContainers, Wait } = builtPackage;

const turns = 5;
/** Seconds until a node is ready; the path through the slow one, the both and the top is the longest. */
const seconds = { slow: 0.6, quick: 0.2, above: 0.2, both: 0.4, top: 0.3, last: 0.2 };
const criticalPath = ["slow", "both", "top"] as const;

/** Six containers that depend on each other, against the three of the longest path started alone, in turns. */
export async function measureGraph(registry: Parameters<typeof pushTestImage>[0]): Promise<Section> {
  await using _engine = await useTestEngine();
  const image = await pushTestImage(registry, "busybox");
  // The first start pulls the image and starts the engine.
  await stopAll(await startGraph(image));
  const times = await repeat(turns, async () => {
    const alone = await repeat(criticalPath.length, (index) => startAlone(image, criticalPath[index] ?? "slow"));
    const { ms, result } = await timed(() => startGraph(image));
    await stopAll(result);
    return { path: alone.reduce((sum, one) => sum + one), graph: ms };
  });
  return {
    title: "A graph of six containers",
    note: "Each is ready 0.2 to 0.6 s after its start, by a log line. The longest path is the sum of its three containers, each started alone.",
    rows: [
      row(
        "longest path",
        times.map(({ path }) => path),
      ),
      row(
        "`startAll` of all six",
        times.map(({ graph }) => graph),
      ),
      row(
        "more than the longest path",
        times.map(({ path, graph }) => graph - path),
      ),
    ],
  };
}

type Name = keyof typeof seconds;

function node(image: string, name: Name): InstanceType<typeof GenericContainer> {
  return new GenericContainer(image)
    .withCommand(["sh", "-c", `sleep ${seconds[name]}; echo ready; sleep 600`])
    .withWaitStrategy(Wait.forLogMessage("ready"));
}

async function startAlone(image: string, name: Name): Promise<number> {
  const { ms, result } = await timed(() => node(image, name).start());
  await result.stop();
  return ms;
}

function startGraph(image: string): Promise<Record<Name, StartedTestContainer>> {
  const slow = node(image, "slow");
  const quick = node(image, "quick");
  const above = node(image, "above").dependsOn(quick);
  const both = node(image, "both").dependsOn(slow, quick);
  const top = node(image, "top").dependsOn(above, both);
  const last = node(image, "last").dependsOn(both);
  return TestContainers.startAll({ slow, quick, above, both, top, last });
}

async function stopAll(started: Record<Name, StartedTestContainer>): Promise<void> {
  await Promise.all(Object.values(started).map((container) => container.stop()));
}
