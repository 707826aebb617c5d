import type { PortMap } from "dockerode";
import { hasCode, isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { BoundPorts } from "../ports/bound-ports";
import { RandomPortGenerator } from "../ports/random-port";
import { checkedEnvironment } from "./request-checks";
import type { EnvironmentOf, PublishedAddress } from "./request-extras";
import type { Environment } from "./types";

const attempts = 5;

/**
 * Has host ports chosen before a container is made, so that its environment can name them. Another program may take one
 * before the container has it; then others are chosen.
 */
export async function withChosenPorts<T>(
  bindings: PortMap,
  start: (chosen: PortMap, ports: BoundPorts) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const { chosen, ports } = await choosePorts(bindings);
    try {
      return await start(chosen, ports);
    } catch (error) {
      if (attempt === attempts || !isPortTaken(error)) throw error;
    }
  }
}

/** `KEY=VALUE` pairs of functions of the address. Throws `invalid-argument` for what is no environment. */
export function environmentPairs(functions: readonly EnvironmentOf[], host: string, ports: BoundPorts): string[] {
  const address: PublishedAddress = { host, port: (containerPort) => publishedPort(ports, containerPort) };
  return functions.flatMap((environmentOf) =>
    Object.entries(checkedEnvironment(settled(environmentOf(address)))).map(([name, value]) => `${name}=${value}`),
  );
}

function publishedPort(ports: BoundPorts, containerPort: Parameters<PublishedAddress["port"]>[0]): number {
  try {
    return ports.getBinding(containerPort);
  } catch (cause) {
    const text = `set the environment: ${messageOf(cause)}; add ${containerPort} to withExposedPorts`;
    throw new RuncibleError("invalid-argument", text, { cause });
  }
}

/** A promise has no variables, so that the container would silently have none. */
function settled(environment: Environment): Environment {
  // Not by its class: Jest's tests have another one.
  const { then }: { readonly then?: unknown } = environment ?? {};
  if (typeof then !== "function") return environment;
  Promise.resolve(environment).catch(() => {});
  throw new RuncibleError(
    "invalid-argument",
    "set the environment: its function gave a promise; it has to give the variables at once, without async",
  );
}

async function choosePorts(bindings: PortMap): Promise<{ readonly chosen: PortMap; readonly ports: BoundPorts }> {
  const generator = new RandomPortGenerator();
  const chosen: PortMap = {};
  const ports = new BoundPorts();
  for (const [key, [binding]] of Object.entries(bindings as Record<string, { HostPort?: string }[]>)) {
    const given = Number(binding?.HostPort ?? 0);
    const hostPort = given === 0 ? await generator.generatePort() : given;
    chosen[key] = [{ ...binding, HostPort: String(hostPort) }] as PortMap[string];
    ports.setBinding(key, hostPort);
  }
  return { chosen, ports };
}

function isPortTaken(error: unknown): boolean {
  return hasCode(error, "port-in-use") || (isRuncibleError(error) && hasCode(error.cause, "port-in-use"));
}
