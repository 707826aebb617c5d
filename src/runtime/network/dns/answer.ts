import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type OptAnswer,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import type { NameDecision } from "./zone";

/** Response codes of RFC 1035, 4.1.1; the lowest four bits of the flags. */
const responseCodes = { noError: 0, serverFailure: 2, noSuchName: 3 } as const;

/** Containers come and go within seconds: nobody is to remember an address. */
const timeToLiveSeconds = 0;

const udpSizeWithoutEdns = 512;

/** The question of a packet; undefined for what is no well-formed query with exactly one question. */
export function parseQuery(bytes: Uint8Array): DecodedPacket | undefined {
  try {
    const packet = decode(Buffer.from(bytes));
    return packet.type === "query" && packet.questions?.length === 1 ? packet : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The response to what the zone decided; over UDP cut down to what the asking side takes, with the mark for "ask by
 * TCP".
 */
export function encodeAnswer(query: DecodedPacket, decision: NameDecision, isTcp: boolean): Buffer {
  const response = encode(packetFor(query, decision));
  if (isTcp || response.length <= udpSizeOf(query)) return response;
  const { answers: _, ...rest } = packetFor(query, decision);
  return encode({ ...rest, flags: (rest.flags ?? 0) | TRUNCATED_RESPONSE });
}

/** For a question that no resolver answered. */
export function encodeFailure(query: DecodedPacket): Buffer {
  return encodeAnswer(query, { kind: "refuse" }, true);
}

function packetFor(query: DecodedPacket, decision: NameDecision): Packet {
  const recursion = query.flag_rd ? RECURSION_DESIRED : 0;
  const authority = decision.kind === "refuse" ? 0 : AUTHORITATIVE_ANSWER;
  return {
    type: "response",
    id: query.id,
    flags: recursion | authority | RECURSION_AVAILABLE | codeOf(decision),
    questions: query.questions,
    answers: answersFor(query.questions?.[0]?.name ?? "", decision),
    // RFC 6891, 6.1.1: a query with the option gets a response with it.
    additionals: ednsOf(query) === undefined ? [] : [ednsOption],
  };
}

function answersFor(name: string, decision: NameDecision): Answer[] {
  if (decision.kind === "addresses") {
    return decision.addresses.map((data) => ({ type: "A", name, ttl: timeToLiveSeconds, data }));
  }
  if (decision.kind === "pointer") return [{ type: "PTR", name, ttl: timeToLiveSeconds, data: decision.name }];
  return [];
}

function codeOf(decision: NameDecision): number {
  if (decision.kind === "unknown") return responseCodes.noSuchName;
  if (decision.kind === "refuse") return responseCodes.serverFailure;
  return responseCodes.noError;
}

function udpSizeOf(query: DecodedPacket): number {
  return Math.max(udpSizeWithoutEdns, ednsOf(query)?.udpPayloadSize ?? 0);
}

function ednsOf(query: DecodedPacket): OptAnswer | undefined {
  return query.additionals?.find((record) => record.type === "OPT");
}

const ednsOption: OptAnswer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: 1232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};
