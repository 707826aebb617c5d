import { setMaxListeners } from "node:events";

/** Runs a task whose signal is raised by the first Ctrl-C; a second one ends the process as usual. */
export async function untilInterrupted<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  // As many listen as there are containers, and that is no leak which Node should warn of.
  setMaxListeners(0, controller.signal);
  const interrupt = (): void => controller.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.once(name, interrupt);
  try {
    return await task(controller.signal);
  } finally {
    for (const name of signals) process.off(name, interrupt);
  }
}
