import { once } from "node:events";
import { expect, test } from "vitest";
import { GenericContainer, getContainerRuntimeClient, ImageName, isRuncibleError } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

async function thrown(call: Promise<unknown>): Promise<Record<string, unknown>> {
  return call.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error as Record<string, unknown>,
  );
}

/** What programs read of an error of dockerode. */
function shape({ message, statusCode, reason, json }: Record<string, unknown>): unknown {
  return { message, statusCode, reason, json };
}

test("an error of a container's handle has the words and fields of dockerode, and a code", async () => {
  const { container } = await getContainerRuntimeClient();

  const error = await thrown(container.getById("nope").inspect());
  const dockerode = await thrown(container.dockerode.getContainer("nope").inspect());

  // Their JSON is a whole answer, which has the code of our own engine as well.
  expect(shape(error)).toEqual({ ...(shape(dockerode) as object), json: { message: "No such container: nope" } });
  expect(dockerode["json"]).toMatchObject({ message: "No such container: nope" });
  expect(isRuncibleError(error) && error.code).toBe("container-not-found");
  expect(String(error)).toMatch(/404/);
});

test("calls of containers, images and networks that fail have a status", async () => {
  const { container, image, network } = await getContainerRuntimeClient();
  const nope = container.getById("nope");

  const errors = [
    await thrown(nope.stop()),
    await thrown(nope.remove()),
    await thrown(container.exec(nope, ["true"])),
    await thrown(container.fetchArchive(nope, "/etc")),
    await thrown(image.inspect(ImageName.fromString("no-such-image:1"))),
    await thrown(network.getById("nope").inspect()),
  ];

  expect(errors.map(({ statusCode, reason }) => [statusCode, reason])).toEqual([
    ...Array.from({ length: 4 }, () => [404, "no such container"]),
    [404, "no such image"],
    [404, "no such network"],
  ]);
});

test("a container is found by its label, and its files are read and written", async () => {
  const { container } = await getContainerRuntimeClient();
  await using started = await new GenericContainer(await busyboxImage())
    .withLabels({ "org.example.kind": "found" })
    .withCommand(["sleep", "60"])
    .start();

  const found = await container.fetchByLabel("org.example.kind", "found", { status: ["running"] });
  expect(found?.id).toBe(started.getId());
  expect(await container.fetchByLabel("org.example.kind", "found", { status: ["exited"] })).toBeUndefined();
  expect(await container.fetchByLabel("org.example.kind", "other")).toBeUndefined();

  const handle = container.getById(started.getId());
  await started.copyContentToContainer([{ content: "text", target: "/opt/file" }]);
  await container.putArchive(handle, await container.fetchArchive(handle, "/opt/file"), "/tmp");
  expect((await started.exec(["cat", "/tmp/file"])).stdout).toBe("text");

  const gone = await thrown(container.fetchArchive(handle, "/no/such"));
  expect(gone).toMatchObject({ statusCode: 404, code: "path-not-found" });
  const archive = await container.fetchArchive(handle, "/opt");
  archive.resume();
  await once(archive, "end");
});
