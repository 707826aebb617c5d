import { once } from "node:events";
import { onTestFinished } from "vitest";
import { exitOf, runUnchecked, spawnTool } from "../../../src/internal/exec";
import type { Sandbox } from "../../../src/runtime/network/stack";

/** Runs a program in the sandbox to its end. /etc/resolv.conf is what the engine would write. */
export async function runIn(
  sandbox: Sandbox,
  command: readonly string[],
): Promise<{ readonly stdout: string; readonly exitCode: number }> {
  const script =
    'echo nameserver 127.0.0.11 > /tmp/resolv.conf && mount --bind /tmp/resolv.conf /etc/resolv.conf && exec "$@"';
  const inMounts = ["--mount", "--", "sh", "-c", `mount -t tmpfs none /tmp && ${script}`, "sh", ...command];
  return await runUnchecked("nsenter", [`--net=${sandbox.path}`, "--", "unshare", ...inMounts]);
}

/** Evaluates an async function body in node and returns what it returns. */
export async function evaluateIn(sandbox: Sandbox, body: string): Promise<unknown> {
  const script = `(async () => {${body}})().then((value) => console.log(JSON.stringify(value ?? null)), (error) => console.log(JSON.stringify(error.code)))`;
  const { stdout } = await runIn(sandbox, [process.execPath, "-e", script]);
  return JSON.parse(stdout);
}

/** Looks a name up with the C library, as most programs do. Empty: not found. */
export async function lookUpIn(sandbox: Sandbox, name: string): Promise<readonly string[]> {
  const { stdout } = await runIn(sandbox, ["getent", "ahostsv4", name]);
  const addresses = stdout.split("\n").flatMap((line) => /^(\S+)\s+STREAM/.exec(line)?.[1] ?? []);
  return [...new Set(addresses)].sort();
}

/**
 * Starts a node script in the sandbox, which gets `ready()` to call once it serves. Ends with the test.
 */
export async function serveIn(sandbox: Sandbox, script: string): Promise<void> {
  const program = `const ready = () => console.log("ready"); ${script}`;
  const child = spawnTool("nsenter", [`--net=${sandbox.path}`, "--", process.execPath, "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = exitOf(child, "nsenter");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  if (child.stdout !== null) await once(child.stdout, "data");
}

export const echoTcp = (port: number): string =>
  `require("net").createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket)).listen(${port}, ready);`;

export const echoUdp = (port: number): string =>
  `const udp = require("dgram").createSocket("udp4"); udp.on("message", (data, from) => udp.send(data, from.port, from.address)); udp.bind(${port}, ready);`;

/** How long is listened for what is not to come, and for what is: a busy machine takes its time. */
export const silenceMs = 2_000;
export const patienceMs = 30_000;

/** Connects, says nothing, and resolves with what comes until the other side ends. */
export const hearTcpBody = (host: string, port: number, limitMs: number = patienceMs): string => `
  const socket = require("net").connect(${port}, ${JSON.stringify(host)});
  socket.setTimeout(${limitMs}, () => socket.destroy(Object.assign(new Error(), { code: "SILENT" })));
  let heard = ""; for await (const chunk of socket) heard += chunk; return heard;`;

/** Sends a text, ends its half of the connection and resolves with everything that comes back. */
export const askTcpBody = (host: string, port: number, text: string, limitMs: number = patienceMs): string => `
  const socket = require("net").connect(${port}, ${JSON.stringify(host)});
  socket.setTimeout(${limitMs}, () => socket.destroy(Object.assign(new Error(), { code: "SILENT" })));
  socket.end(${JSON.stringify(text)});
  let back = ""; for await (const chunk of socket) back += chunk; return back;`;
