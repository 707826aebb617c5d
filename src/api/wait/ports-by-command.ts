import { execIn } from "../container/exec";
import { log } from "../log";
import type { Runtime } from "../runtime/runtime";
import { probePort } from "./probe-port";
import { poll } from "./until";

const intervalMs = 100;

export interface PortToAwait {
  readonly port: number;
  readonly hostPort: number;
}

/**
 * The wait on a daemon that cannot look into its containers: their own programs tell whether the port is listened on.
 * Docker's proxy accepts whatever is behind it, so the published port answers only when a connection to it lasts.
 */
export async function waitByCommand(
  runtime: Runtime,
  containerId: string,
  ports: readonly PortToAwait[],
  signal: AbortSignal,
): Promise<void> {
  let isReported = false;
  const isTold = async (check: string): Promise<boolean> => {
    const { exitCode } = await execIn(runtime.engine, containerId, ["/bin/sh", "-c", check], {}, signal);
    if ((exitCode === 126 || exitCode === 127) && !isReported) {
      isReported = true;
      log.error("The HostPortWaitStrategy will not work on a distroless image, use an alternate wait strategy", {
        containerId,
      });
    }
    return exitCode === 0;
  };
  await Promise.all(
    ports.map(async ({ port, hostPort }) => {
      await poll(signal, intervalMs, () => isTold(listeningCheck(port)));
      await poll(signal, intervalMs, async () => {
        const outcome = await probePort(runtime.host, hostPort);
        // Was it the proxy that hung up, or the service, which may do so as it likes?
        return outcome === "open" || (outcome === "hung-up" && (await isTold(ipv4Check(port))));
      });
    }),
  );
}

/** The kernel's table first (state 0A is LISTEN), then whatever program can connect. */
function listeningCheck(port: number): string {
  return [
    `grep -qE ':${hexadecimal(port)} 0+:0000 0A' /proc/net/tcp /proc/net/tcp6 2>/dev/null`,
    connectCheck("localhost", port),
  ].join(" || ");
}

/**
 * Whether every IPv4 address of the container is listened on; an IPv6 socket may take IPv4 as well, which the table
 * does not tell.
 */
function ipv4Check(port: number): string {
  const row = (any: string): string => `'${any}:${hexadecimal(port)} 0+:0000 0A'`;
  const isOnIpv4 = `grep -qE ${row(" 0{8}")} /proc/net/tcp`;
  const isOnIpv6 = `grep -qE ${row(" 0{32}")} /proc/net/tcp6`;
  // The nc of some busyboxes cannot only look: it ends when the service hangs up, which it is known to do.
  const connects = `${connectCheck("127.0.0.1", port)} || timeout 2 nc -w 1 127.0.0.1 ${port} </dev/null >/dev/null 2>&1`;
  return `${isOnIpv4} || { ${isOnIpv6} && { ${connects}; }; }`;
}

function connectCheck(host: string, port: number): string {
  return `nc -z -w 1 ${host} ${port} 2>/dev/null || /bin/bash -c '</dev/tcp/${host}/${port}' 2>/dev/null`;
}

function hexadecimal(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
