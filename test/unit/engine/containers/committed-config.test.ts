// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of that form.
import { expect, test } from "vitest";
import { committedConfig } from "../../../../src/engine/containers/committed-config";
import type { ContainerRecord } from "../../../../src/engine/state/container-record";
import type { ImageRunConfig } from "../../../../src/runtime/image/manifest";

const container = {
  config: {
    ...{ user: "", workingDir: "/", environment: ["PATH=/bin", "E=1"], entrypoint: ["sh"], command: ["-c", "true"] },
    ...{ labels: { a: "1" }, exposedPorts: [], volumes: ["/v"] },
  },
} as unknown as ContainerRecord;

interface Request {
  readonly config?: ImageRunConfig;
  readonly changes?: readonly string[];
}

/** Each as Docker 26 has it. */
test.each<[string, Request, { readonly [Key in keyof ImageRunConfig]: ImageRunConfig[Key] | undefined }]>([
  ["nothing", {}, { Env: ["PATH=/bin", "E=1"], Entrypoint: ["sh"], Cmd: ["-c", "true"], WorkingDir: "" }],
  ["a variable that is added to", { changes: ["ENV PATH=$PATH:/x F=${E}2"] }, { Env: ["PATH=/bin:/x", "E=1", "F=12"] }],
  [
    "variables elsewhere",
    { changes: ["WORKDIR /a/$E", "LABEL l=$E"] },
    { WorkingDir: "/a/1", Labels: { a: "1", l: "1" } },
  ],
  ["an entrypoint", { changes: ['ENTRYPOINT ["e"]'] }, { Entrypoint: ["e"], Cmd: undefined }],
  ["a command, then an entrypoint", { changes: ['CMD ["c"]', 'ENTRYPOINT ["e"]'] }, { Entrypoint: ["e"], Cmd: ["c"] }],
  ["a command", { changes: ['CMD ["c"]'] }, { Entrypoint: ["sh"], Cmd: ["c"] }],
  ["a variable in the request", { config: { Env: ["Z=1"] } }, { Env: ["Z=1", "PATH=/bin", "E=1"] }],
  ["a command in the request", { config: { Cmd: ["c"] } }, { Entrypoint: ["sh"], Cmd: ["c"] }],
  ["an entrypoint in the request", { config: { Entrypoint: ["e"] } }, { Entrypoint: ["e"], Cmd: undefined }],
  ["labels in the request", { config: { Labels: { b: "2" } } }, { Labels: { a: "1", b: "2" }, Volumes: { "/v": {} } }],
  ["a volume in the request", { config: { Volumes: { "/w": {} } } }, { Volumes: { "/v": {}, "/w": {} } }],
])("a commit with %s", (_, { config = {}, changes = [] }, expected) => {
  const committed = committedConfig(container, {}, { config, changes });

  const keys = Object.keys(expected) as (keyof ImageRunConfig)[];
  expect(Object.fromEntries(keys.map((key) => [key, committed[key]]))).toEqual(expected);
});
