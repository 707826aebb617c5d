import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { exitOf, run, spawnTool } from "../../../src/internal/exec";
import { openNamespace } from "./namespace";

/** Another machine on a cable: it knows the one it is connected to, and nobody behind that one. */
export interface OtherMachine extends AsyncDisposable {
  /**
   * Answers HTTP on port 80 with the address the request came from, and UDP on port 7 with that address and the text.
   */
  readonly address: string;
  /** What the machine it is connected to is called on the cable. */
  readonly neighbour: string;
}

/** TEST-NET-3 of RFC 5737: no network has it. */
const address = "203.0.113.2";
const neighbour = "203.0.113.1";

const server = `
  const web = require("http").createServer((request, reply) => reply.end(request.socket.remoteAddress));
  const udp = require("dgram").createSocket("udp4");
  udp.on("message", (data, from) => udp.send(from.address + " " + data, from.port, from.address));
  udp.bind(7, "${address}", () => web.listen(80, "${address}", () => console.log("ready")));`;

/** `home`: namespace of the machine it is connected to. Default: that of this process. */
export async function startOtherMachine(home = "/proc/self/ns/net"): Promise<OtherMachine> {
  const namespace = await openNamespace();
  const link = `rt${randomBytes(4).toString("hex")}`;
  const inHome = (...command: readonly string[]) => run("nsenter", [`--net=${home}`, "--", ...command]);
  const inside = ["setpriv", "--pdeathsig", "KILL", "nsenter", `--net=${namespace.path}`, "--"];
  try {
    await inHome("ip", "link", "add", link, "type", "veth", "peer", "name", "cable", "netns", `${namespace.pid}`);
    await inHome("ip", "addr", "add", `${neighbour}/24`, "dev", link);
    await inHome("ip", "link", "set", link, "up");
    await run("nsenter", [`--net=${namespace.path}`, "--", "ip", "addr", "add", `${address}/24`, "dev", "cable"]);
    await run("nsenter", [`--net=${namespace.path}`, "--", "ip", "link", "set", "cable", "up"]);
    const [program = "", ...args] = [...inside, process.execPath, "-e", server];
    const child = spawnTool(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = exitOf(child, program);
    if (child.stdout !== null) await Promise.race([once(child.stdout, "data"), ended]);
    return {
      address,
      neighbour,
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await ended;
        await namespace[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await namespace[Symbol.asyncDispose]();
    throw error;
  }
}
