import { RuncibleError } from "../../internal/errors";
import type { HeldPort, NetworkStack } from "../../runtime/network/stack";
import type { HeldPortService } from "../routes/host-port-service";

export interface HeldPortRegistryOptions {
  readonly stack: Pick<NetworkStack, "holdPort">;
  readonly isSessionOpen: (id: string) => boolean;
}

/** Which session has which ports held; what no container has taken goes with the session. */
export class HeldPortRegistry implements HeldPortService {
  readonly #options: HeldPortRegistryOptions;
  /** By session and number. */
  readonly #held = new Map<string, Map<number, HeldPort>>();

  constructor(options: HeldPortRegistryOptions) {
    this.#options = options;
  }

  async hold(session: string): Promise<number> {
    const { stack, isSessionOpen } = this.#options;
    const held = await stack.holdPort(session);
    // It may also have ended meanwhile, and nothing else would close the port.
    if (!isSessionOpen(session)) {
      held.close();
      throw new RuncibleError("invalid-argument", `hold a port: no session ${session} is open`);
    }
    const ofSession = this.#held.get(session) ?? new Map<number, HeldPort>();
    this.#held.set(session, ofSession.set(held.hostPort, held));
    return held.hostPort;
  }

  release(session: string, port: number): void {
    const ofSession = this.#held.get(session);
    ofSession?.get(port)?.close();
    ofSession?.delete(port);
  }

  releaseAll(session: string): void {
    for (const held of this.#held.get(session)?.values() ?? []) held.close();
    this.#held.delete(session);
  }
}
