import { expect, onTestFinished, test } from "vitest";
import { createClient, type EngineClient } from "../../../src/client/client";
import { errorTable, isRuncibleError, RuncibleError } from "../../../src/internal/errors";
import { type ServiceParts, serveEngine } from "./serve-engine";

async function clientOf(parts: ServiceParts): Promise<EngineClient> {
  const { socketPath } = await serveEngine(parts);
  const client = createClient({ kind: "unix", path: socketPath });
  onTestFinished(() => client.close());
  return client;
}

const codes = (Object.keys(errorTable) as (keyof typeof errorTable)[]).filter((code) => code !== "not-modified");

test.each(codes)("an error with the code %s is the same on the client's side", async (code) => {
  const client = await clientOf({
    containers: {
      start: () =>
        Promise.reject(new RuncibleError(code, "the message", { evidence: { exitCode: 7, log: ["a", "b"] } })),
    },
  });

  const error = await client.containers.start("x").catch((caught) => caught);

  expect(error).toMatchObject({ code, kind: errorTable[code].kind, message: "the message" });
  expect(error.evidence).toMatchObject({ exitCode: 7, log: ["a", "b"], path: "/containers/x/start" });
  expect(isRuncibleError(error)).toBe(true);
});

test("an error in the middle of a pull keeps code, kind and evidence too", async () => {
  const client = await clientOf({
    images: {
      pull: async function* () {
        yield { status: "Pulling" };
        throw new RuncibleError("layer-invalid", "unpack layer", { evidence: { entry: "../x" } });
      },
    },
  });

  await expect(client.images.pull({ name: "x", tag: "1" })).rejects.toMatchObject({
    code: "layer-invalid",
    kind: "invalid",
    evidence: { entry: "../x" },
  });
});

test("what is no error of this package is a defect on both sides", async () => {
  const client = await clientOf({ containers: { start: () => Promise.reject(new RangeError("broken")) } });

  await expect(client.containers.start("x")).rejects.toMatchObject({ code: "internal", message: "broken" });
});

test("a wait that fails when its headers are sent is an error with its code, and no result", async () => {
  const failure = new RuncibleError("container-state", "it is being taken apart");
  const client = await clientOf({ containers: { wait: async () => ({ outcome: Promise.reject(failure) }) } });

  await expect(client.containers.wait("x")).rejects.toMatchObject({
    code: "container-state",
    message: "wait for container x: it is being taken apart",
  });
});
