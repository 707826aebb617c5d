import { connect } from "node:net";

/** `hung-up`: by the other side, at once and without a word. */
export type ProbeOutcome = "open" | "hung-up" | "not-connected";

const connectTimeoutMs = 1_000;
/** A proxy that accepts in a service's stead learns within a few of these that nothing is there, and hangs up. */
const patienceMs = 50;

/**
 * Connects, and looks whether it lasts: until the service says something, else for `patienceMs`. Most services wait
 * to be spoken to.
 */
export function probePort(host: string, port: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectTimeoutMs });
    let isConnected = false;
    const settle = (outcome: ProbeOutcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    const fail = (): void => settle(isConnected ? "hung-up" : "not-connected");
    socket.once("connect", () => {
      isConnected = true;
      socket.setTimeout(patienceMs);
      socket.once("data", () => settle("open"));
    });
    socket.once("timeout", () => settle(isConnected ? "open" : "not-connected"));
    socket.once("end", fail);
    socket.once("error", fail);
  });
}

/** Connects and hangs up. */
export function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectTimeoutMs });
    const settle = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(false));
  });
}
