import { expect, test } from "vitest";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { prune, reusableOn, startWorker } from "./reusing-workers";

const engine = useNewEngineOfThisFile({ RUNCIBLE_REUSE_IDLE_SECONDS: "0", RUNCIBLE_REUSE_LIMIT: "2" });

test("pain 11: beyond the limit those go that were used longest ago, and runcible prune takes all that nobody uses", async () => {
  const image = await busyboxImage();
  const workers = ["a", "b", "c", "d", "in use"].map((content) => ({ content, worker: startWorker(image) }));
  const ids: string[] = [];
  for (const { content, worker } of workers) ids.push((await worker.ask(content)).id);
  const [, , c, d, inUse] = ids;
  const user = workers.pop()?.worker;
  const left = async (): Promise<ReadonlySet<string>> => new Set(await reusableOn(engine));

  for (const { worker } of workers) await worker.kill();

  expect(await waitUntil(async () => (await left()).size === 3, 20_000)).toBe(true);
  expect(await left()).toEqual(new Set([c, d, inUse]));

  expect(new Set(await prune())).toEqual(new Set([c, d].map((id) => id?.slice(0, 12))));
  expect(await left()).toEqual(new Set([inUse]));
  await user?.kill();
  expect(await prune()).toEqual([inUse?.slice(0, 12)]);
});
