import { RuncibleError } from "../../internal/errors";
import { KeyedMutex } from "../../internal/keyed-mutex";
import type { HostPortExposure, NetworkStack } from "../../runtime/network/stack";
import type { HostPortService } from "../routes/host-port-service";

export interface HostPortRegistryOptions {
  readonly stack: Pick<NetworkStack, "exposeHostPort">;
  readonly isSessionOpen: (id: string) => boolean;
}

interface ExposedPort {
  readonly sessions: Set<string>;
  readonly exposure: HostPortExposure;
}

/** Counts the sessions that expose a port, and closes it behind the last one. */
export class HostPortRegistry implements HostPortService {
  readonly #options: HostPortRegistryOptions;
  readonly #exposed = new Map<number, ExposedPort>();
  readonly #locks = new KeyedMutex();

  constructor(options: HostPortRegistryOptions) {
    this.#options = options;
  }

  async expose(session: string, ports: readonly number[]): Promise<void> {
    for (const port of ports) await this.#locks.run(String(port), () => this.#exposeOne(session, port));
  }

  release(session: string): void {
    for (const [port, { sessions, exposure }] of this.#exposed) {
      if (!sessions.delete(session) || sessions.size > 0) continue;
      this.#exposed.delete(port);
      exposure.close();
    }
  }

  async #exposeOne(session: string, port: number): Promise<void> {
    const known = this.#exposed.get(port) ?? {
      sessions: new Set(),
      exposure: await this.#options.stack.exposeHostPort(port),
    };
    this.#exposed.set(port, known);
    known.sessions.add(session);
    // It may have ended meanwhile, and nothing else would close the port.
    if (!this.#options.isSessionOpen(session)) {
      this.release(session);
      throw new RuncibleError("invalid-argument", `expose port ${port} of the host: no session ${session} is open`);
    }
  }
}
