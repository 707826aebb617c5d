import fc from "fast-check";
import { expect, test } from "vitest";
import { hasCode } from "../../../src/internal/errors";
import { createFrameDecoder, encodeFrame } from "../../../src/wire/frames";

test("frames survive whatever pieces they arrive in", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 9 }), (payloads, step) => {
      const bytes = Buffer.concat(payloads.map((payload) => encodeFrame("stderr", payload)));
      const decoder = createFrameDecoder();
      const got: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += step) {
        for (const { payload } of decoder.push(bytes.subarray(at, at + step))) got.push(payload);
      }
      decoder.end();
      expect(Buffer.concat(got)).toEqual(Buffer.concat(payloads));
    }),
  );
});

test("a stream that ends inside a frame is an error", () => {
  const decoder = createFrameDecoder();
  decoder.push(encodeFrame("stdout", Buffer.from("abc")).subarray(0, 9));
  expect(() => decoder.end()).toThrow("ended inside a frame");
});

test("whatever bytes come for frames, they are read or refused, and none is kept for long", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (chunks) => {
      const decoder = createFrameDecoder();
      let taken = 0;
      let given = 0;
      try {
        for (const chunk of chunks) {
          taken += chunk.length;
          for (const { payload } of decoder.push(Buffer.from(chunk))) given += payload.length;
        }
        decoder.end();
      } catch (error) {
        if (!hasCode(error, "api-error")) throw error;
      }
      expect(given).toBeLessThanOrEqual(taken);
    }),
    { numRuns: 1000 },
  );
});
