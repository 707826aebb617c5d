import { expect, test } from "vitest";
import { deferred } from "../../../../src/internal/deferred";
import { oneAtATime } from "../../../../src/runtime/rootfs/one-at-a-time";
import type { RootfsDriver } from "../../../../src/runtime/rootfs/rootfs";

test("what is asked of a root that is being mounted comes after, and other roots do not wait", async () => {
  const steps: string[] = [];
  const mounted = deferred();
  const driver: RootfsDriver = {
    name: "copy",
    form: { opaqueAttribute: "trusted.overlay.opaque", hasDevices: true, whiteouts: "devices" },
    mount: async ({ folder }) => {
      if (folder === "a") await mounted.promise;
      steps.push(`mounted ${folder}`);
      return { path: `${folder}/merged` };
    },
    unmount: async (folder) => void steps.push(`unmounted ${folder}`),
    changes: async function* ({ folder }) {
      steps.push(`changes of ${folder}`);
      yield { path: "/changed", kind: "added" };
    },
    written: async ({ folder }, use) => {
      steps.push(`written to ${folder}`);
      return await use(folder);
    },
  };
  const { mount, unmount, changes, written } = oneAtATime(driver);
  const [a, b] = [
    { folder: "a", layers: [] },
    { folder: "b", layers: [] },
  ] as const;

  const asked = [mount(a), changes(a)[Symbol.asyncIterator]().next(), written(a, async () => {}), unmount("a")];
  await mount(b);
  expect(steps).toEqual(["mounted b"]);
  mounted.resolve();
  await Promise.all(asked);

  expect(steps.slice(0, 2)).toEqual(["mounted b", "mounted a"]);
  expect(steps.slice(2).toSorted()).toEqual(["changes of a", "unmounted a", "written to a"]);
});
