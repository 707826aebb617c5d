import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { deferred } from "../../../internal/deferred";
import { createMessageReader, frameMessage } from "./stream";

export const dnsPort = 53;
/** Per resolver; programs commonly give up after five seconds. */
const resolverTimeoutMs = 2_000;

export interface ForwardedQuestion {
  readonly query: Uint8Array;
  readonly isTcp: boolean;
  readonly port: number;
}

/**
 * Asks the resolvers one after the other, from this process's network namespace, and hands back the first response as
 * it came, options and all. Undefined when none answered.
 */
export async function forwardQuery(
  resolvers: readonly string[],
  question: ForwardedQuestion,
): Promise<Uint8Array | undefined> {
  for (const address of resolvers) {
    const response = await (question.isTcp ? askByTcp(address, question) : askByUdp(address, question));
    if (response !== undefined) return response;
  }
  return undefined;
}

/** A socket of its own per question: an unpredictable source port is what protects from forged answers (RFC 5452). */
async function askByUdp(address: string, { query, port }: ForwardedQuestion): Promise<Uint8Array | undefined> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const result = deferred<Uint8Array | undefined>();
  const timer = setTimeout(() => result.resolve(undefined), resolverTimeoutMs);
  socket.on("error", () => result.resolve(undefined));
  socket.on("message", (response) => {
    if (isAnswerTo(query, response)) result.resolve(response);
  });
  // Connected, so that the kernel drops what comes from elsewhere and reports a port where nobody listens.
  socket.connect(port, address, () => socket.send(query));
  try {
    return await result.promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

async function askByTcp(address: string, { query, port }: ForwardedQuestion): Promise<Uint8Array | undefined> {
  const socket = connect({ host: address, port });
  const result = deferred<Uint8Array | undefined>();
  const read = createMessageReader();
  const timer = setTimeout(() => result.resolve(undefined), resolverTimeoutMs);
  socket.on("error", () => result.resolve(undefined));
  socket.on("close", () => result.resolve(undefined));
  socket.on("data", (chunk) => {
    const response = read(chunk).find((message) => isAnswerTo(query, message));
    if (response !== undefined) result.resolve(response);
  });
  socket.write(frameMessage(query));
  try {
    return await result.promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** The first two bytes are the id of the question. */
function isAnswerTo(query: Uint8Array, response: Uint8Array): boolean {
  return response.length >= 12 && response[0] === query[0] && response[1] === query[1];
}
