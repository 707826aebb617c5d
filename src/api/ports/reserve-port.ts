import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { HostConfig } from "dockerode";
import { RuncibleError } from "../../internal/errors";
import { onLivingEngine, type Runtime } from "../runtime/runtime";

/** A TCP port of this machine that nothing else can take before a container has it. */
export interface ReservedPort extends AsyncDisposable {
  readonly number: number;
  /** Gives it up, unless a container has it by now. Idempotent; the end of this process does it too. */
  release(): Promise<void>;
}

/** On a daemon that is not ours this process listens, until just before the container starts. */
const heldHere = new Map<number, Server>();

/**
 * Reserves a free port for a container of this process that is to be published on it, known before anything starts:
 * `withExposedPorts({ container: 9092, host: port.number })`. Until then whoever connects is sent away. On our own
 * engine the container takes the port over; on another daemon it is free for a moment in between. Throws
 * `capability-missing` with a daemon of another machine.
 */
export async function reservePort(): Promise<ReservedPort> {
  return onLivingEngine((runtime) => {
    if (!runtime.isOfThisMachine) {
      throw new RuncibleError(
        "capability-missing",
        "reserve a port: the daemon is on another machine, whose ports are not those of this one; let any be chosen: withExposedPorts(port)",
      );
    }
    return runtime.capabilities.has("held-ports") ? holdAtEngine(runtime) : holdHere();
  });
}

/** The daemon is about to publish these: what this process holds of them becomes free. */
export async function giveUpHeldPorts(bindings: HostConfig["PortBindings"]): Promise<void> {
  if (heldHere.size === 0) return;
  const lists = Object.values((bindings ?? {}) as Record<string, { HostPort?: string }[]>);
  await Promise.all(lists.flat().map(({ HostPort }) => giveUp(Number(HostPort))));
}

async function holdAtEngine({ engine, session }: Runtime): Promise<ReservedPort> {
  const { id: Session } = await session();
  const { Port } = await engine.hostPorts.hold({ Session });
  return reservedPort(Port, () => engine.hostPorts.release({ Session, Port }));
}

async function holdHere(): Promise<ReservedPort> {
  const server = createServer((client) => client.resetAndDestroy()).listen(0);
  await once(server, "listening");
  server.unref();
  const { port } = server.address() as AddressInfo;
  heldHere.set(port, server);
  return reservedPort(port, () => giveUp(port));
}

async function giveUp(port: number): Promise<void> {
  const server = heldHere.get(port);
  if (server === undefined) return;
  heldHere.delete(port);
  const closed = once(server, "close");
  server.close();
  await closed;
}

function reservedPort(number: number, release: () => Promise<void>): ReservedPort {
  let released: Promise<void> | undefined;
  const releaseOnce = (): Promise<void> => {
    released ??= release();
    return released;
  };
  return { number, release: releaseOnce, [Symbol.asyncDispose]: releaseOnce };
}
