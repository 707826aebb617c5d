import fc from "fast-check";
import { expect, test } from "vitest";
import { hasCode } from "../../../../src/internal/errors";
import { createEntryGuard, defaultLayerLimits } from "../../../../src/runtime/layer/entry-guard";
import { buildPax, parsePax } from "../../../../src/runtime/layer/pax";
import { createTarFilter } from "../../../../src/runtime/layer/tar-filter";
import { parseHeader } from "../../../../src/runtime/layer/tar-header";
import { tarOf } from "../../../integration/layer/layer-fixture";

/** What the filter lets through, or undefined when it refuses in its own words. Anything else is thrown. */
function filtered(bytes: Uint8Array, step: number): Buffer | undefined {
  const guard = createEntryGuard("layer", defaultLayerLimits);
  const form = { opaqueAttribute: "trusted.overlay.opaque", hasDevices: true, whiteouts: "devices" } as const;
  const filter = createTarFilter("layer", { guard, form });
  try {
    const out: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += step)
      out.push(...filter.push(Buffer.from(bytes.subarray(at, at + step))));
    out.push(...filter.end());
    return Buffer.concat(out);
  } catch (error) {
    if (hasCode(error, "layer-invalid") || hasCode(error, "layer-too-large")) return undefined;
    throw error;
  }
}

const name = fc.oneof(
  fc.constantFrom("a", "a/b", "../x", "/etc/passwd", ".wh.a", ".wh..wh..opq", "a/.wh..wh..opq", ".wh.", "./", "", ".."),
  fc.string({ maxLength: 99 }),
);
const entry = fc.record({
  name,
  linkName: name,
  type: fc.constantFrom(..."01234567SxgLKZ"),
  data: fc.string({ maxLength: 600 }),
  mode: fc.nat(0o7777),
});

test("whatever bytes a layer has, it is filtered or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), fc.integer({ min: 1, max: 700 }), (bytes, step) => {
      filtered(bytes, step);
    }),
    { numRuns: 300 },
  );
});

test("archives of strange entries, with bytes changed at random, are filtered or refused", () => {
  const change = fc.tuple(fc.nat(20_000), fc.nat(255));
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 8 }),
      fc.array(change, { maxLength: 4 }),
      fc.integer({ min: 1, max: 3000 }),
      (entries, changes, step) => {
        const bytes = tarOf(entries);
        for (const [at, value] of changes) bytes.writeUInt8(value, at % bytes.length);
        filtered(bytes, step);
      },
    ),
    { numRuns: 500 },
  );
});

test("no entry that is let through is named outside of the layer", () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), (entries) => {
      const out = filtered(tarOf(entries), 512) ?? Buffer.alloc(0);
      let hasLongName = false;
      for (let at = 0; at + 512 <= out.length; at += 512) {
        const block = out.subarray(at, at + 512);
        const header = block.toString("latin1", 257, 262) === "ustar" ? parseHeader(block) : undefined;
        if (header?.type === "L") hasLongName ||= header.size > 0;
        // Of a long name or of attributes tar takes the content alone.
        if (header === undefined || !"01234567".includes(header.type)) continue;
        const isNamedBefore = hasLongName;
        hasLongName = false;
        // The filter judged the long name, and tar leaves this one unread.
        if (isNamedBefore) continue;
        // A slash at the beginning is what GNU tar leaves out by itself.
        expect(header.name.split("/")).not.toContain("..");
      }
    }),
    { numRuns: 500 },
  );
});

test("extended headers are read or not, and what is read can be written", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const records = parsePax(Buffer.from(bytes));
      if (records?.size) expect(parsePax(buildPax(records))).toEqual(records);
    }),
  );
});
