import { decode, encode, type Packet } from "dns-packet";
import { expect, test } from "vitest";
import { encodeAnswer, encodeFailure, parseQuery } from "../../../../../src/runtime/network/dns/answer";
import { createMessageReader, frameMessage } from "../../../../../src/runtime/network/dns/stream";

const question: Packet = { type: "query", id: 7, flags: 256, questions: [{ type: "A", name: "web" }] };
const edns = { type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [] } as unknown as NonNullable<
  Packet["additionals"]
>[number];

function queryOf(packet: Packet): NonNullable<ReturnType<typeof parseQuery>> {
  const query = parseQuery(encode(packet));
  if (query === undefined) expect.fail("the query is not understood");
  return query;
}

const many = {
  kind: "addresses",
  addresses: Array.from({ length: 60 }, (_, index) => `10.0.0.${index + 1}`),
} as const;

test("an answer repeats id and question and carries the addresses", () => {
  const answer = decode(encodeAnswer(queryOf(question), { kind: "addresses", addresses: ["10.0.0.2"] }, false));
  expect(answer).toMatchObject({ id: 7, flag_qr: true, flag_rd: true, flag_ra: true, rcode: "NOERROR" });
  expect(answer.answers).toEqual([expect.objectContaining({ type: "A", name: "web", data: "10.0.0.2" })]);
});

test("unknown names, empty answers and failures have their codes", () => {
  const query = queryOf(question);
  expect(decode(encodeAnswer(query, { kind: "unknown" }, false))).toMatchObject({ rcode: "NXDOMAIN" });
  expect(decode(encodeAnswer(query, { kind: "empty" }, false))).toMatchObject({ rcode: "NOERROR", answers: [] });
  expect(decode(encodeFailure(query))).toMatchObject({ rcode: "SERVFAIL", flag_aa: false });
});

test("what is too long for UDP is marked as truncated, and whole by TCP", () => {
  const query = queryOf(question);
  expect(decode(encodeAnswer(query, many, false))).toMatchObject({ flag_tc: true, answers: [] });
  expect(decode(encodeAnswer(query, many, true)).answers).toHaveLength(60);
});

test("a query that announces a larger size gets it, and the option back", () => {
  const answer = decode(encodeAnswer(queryOf({ ...question, additionals: [edns] }), many, false));
  expect(answer.answers).toHaveLength(60);
  expect(answer.additionals).toEqual([expect.objectContaining({ type: "OPT" })]);
});

test("what is no query is left unanswered", () => {
  expect(parseQuery(Buffer.from("hello"))).toBeUndefined();
  expect(parseQuery(encode({ type: "response", id: 1, questions: [{ type: "A", name: "x" }] }))).toBeUndefined();
  expect(parseQuery(encode({ type: "query", id: 1, questions: [] }))).toBeUndefined();
});

test("messages on a stream are found however they are cut", () => {
  const bytes = Buffer.concat([frameMessage(Buffer.from("one")), frameMessage(Buffer.from("second"))]);
  const read = createMessageReader();
  const messages = [...bytes].flatMap((byte) => read(Buffer.of(byte)));
  expect(messages.map(String)).toEqual(["one", "second"]);
  expect(createMessageReader()(bytes).map(String)).toEqual(["one", "second"]);
});
