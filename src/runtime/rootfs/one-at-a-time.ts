import { KeyedMutex } from "../../internal/keyed-mutex";
import type { RootfsDriver } from "./rootfs";

/**
 * The same driver, for callers that know nothing of each other: what is asked of a root while it is being mounted or
 * unmounted comes after. So nobody has to wait for a mount that is not his own.
 */
export function oneAtATime(driver: RootfsDriver): RootfsDriver {
  const moves = new KeyedMutex();
  const settled = (folder: string): Promise<void> => moves.run(folder, async () => {});
  return {
    name: driver.name,
    form: driver.form,
    mount: (request) => moves.run(request.folder, () => driver.mount(request)),
    unmount: (folder) => moves.run(folder, () => driver.unmount(folder)),
    changes: async function* (request) {
      await settled(request.folder);
      yield* driver.changes(request);
    },
    written: async (request, use) => {
      await settled(request.folder);
      return await driver.written(request, use);
    },
  };
}
