import fc from "fast-check";
import { expect, test } from "vitest";
import { hasCode } from "../../../../src/internal/errors";
import { parseImageConfig, parseManifest } from "../../../../src/runtime/image/parse";
import { canonicalName, familiarName, parseReference } from "../../../../src/runtime/image/reference";
import { anyText } from "../../../support/any-text";

const digest = fc.oneof(fc.constant(`sha256:${"a".repeat(64)}`), fc.string());
const anything = fc.jsonValue({ maxDepth: 3 });
const mostly = <T>(likely: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: likely as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: anything });

const descriptor = mostly(
  fc.record(
    {
      mediaType: mostly(fc.string()),
      digest: mostly(digest),
      size: mostly(fc.integer()),
      platform: anything,
      annotations: anything,
    },
    { requiredKeys: [] },
  ),
);
const manifest = fc.record(
  {
    schemaVersion: mostly(fc.constant(2)),
    mediaType: mostly(fc.string()),
    config: descriptor,
    layers: mostly(fc.array(descriptor, { maxLength: 4 })),
    manifests: mostly(fc.array(descriptor, { maxLength: 4 })),
  },
  { requiredKeys: ["schemaVersion"] },
);
const runConfig = fc.dictionary(
  fc.constantFrom(
    "Env",
    "Cmd",
    "Entrypoint",
    "User",
    "WorkingDir",
    "Volumes",
    "ExposedPorts",
    "Labels",
    "StopSignal",
    "Healthcheck",
    "Shell",
    "OnBuild",
  ),
  anything,
);
const config = fc.record(
  {
    os: anything,
    architecture: anything,
    variant: anything,
    config: mostly(runConfig),
    rootfs: mostly(fc.record({ type: anything, diff_ids: mostly(fc.array(digest, { maxLength: 3 })) })),
    history: mostly(fc.array(anything, { maxLength: 3 })),
  },
  { requiredKeys: [] },
);

/** What is no document of its kind is refused as such, and nothing else is thrown. */
function readOrRefused(read: () => unknown, code: "image-invalid" | "invalid-reference"): void {
  try {
    read();
  } catch (error) {
    if (!hasCode(error, code)) throw error;
  }
}

test("whatever JSON a registry sends as a manifest, it is read or refused", () => {
  fc.assert(
    fc.property(fc.oneof(manifest, anything), (value) => {
      readOrRefused(() => parseManifest(Buffer.from(JSON.stringify(value))), "image-invalid");
    }),
    { numRuns: 1000 },
  );
});

test("whatever JSON a registry sends as a config, it is read or refused", () => {
  fc.assert(
    fc.property(fc.oneof(config, anything), (value) => {
      readOrRefused(() => parseImageConfig(Buffer.from(JSON.stringify(value))), "image-invalid");
    }),
    { numRuns: 1000 },
  );
});

test("what cannot even be made a text is no platform", () => {
  const config = { os: { toString: false }, architecture: [], rootfs: { diff_ids: [] } };

  expect(parseImageConfig(Buffer.from(JSON.stringify(config)))).toMatchObject({ os: "linux", architecture: "amd64" });
});

test("bytes that are no JSON are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readOrRefused(() => parseManifest(Buffer.from(bytes)), "image-invalid");
      readOrRefused(() => parseImageConfig(Buffer.from(bytes)), "image-invalid");
    }),
  );
});

test("whatever is typed as an image is refused, or means the same when it is written out", () => {
  const part = fc.constantFrom(
    "a",
    "docker.io",
    "localhost",
    ":",
    "/",
    "@",
    "sha256:",
    "5000",
    "A",
    "__",
    "..",
    "-",
    "f".repeat(64),
    "library",
  );
  const text = fc.oneof(
    anyText(300),
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (typed) => {
      readOrRefused(() => {
        const reference = parseReference(typed);
        expect(parseReference(canonicalName(reference))).toEqual(reference);
        expect(parseReference(familiarName(reference))).toEqual(reference);
      }, "invalid-reference");
    }),
    { numRuns: 1000 },
  );
});
