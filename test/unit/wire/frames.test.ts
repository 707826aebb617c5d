import fc from "fast-check";
import { expect, test } from "vitest";
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
