import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

/** Every processor has something else to do, until the end of the scope. */
export function busyMachine(): Disposable {
  const loops = Array.from({ length: availableParallelism() }, () =>
    spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" }),
  );
  return { [Symbol.dispose]: () => loops.forEach((loop) => void loop.kill("SIGKILL")) };
}
