import { afterEach, expect, test } from "vitest";
import { GenericContainer, PullPolicy } from "../../../src/index";
import { withContext } from "../../support/build/dockerfile-case";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

/** Nothing listens there: to ask it would be another error. */
const absent = "127.0.0.1:1/nosuch:1";
const refused = {
  code: "image-not-found",
  message: expect.stringContaining(`pull it first: npx runcible pull ${absent}`),
};

afterEach(() => {
  delete process.env["RUNCIBLE_OFFLINE"];
});

test("an image that must not be pulled and is not there is an error at once, for containers and builds", async () => {
  await expect(new GenericContainer(absent).withPullPolicy(PullPolicy.never()).start()).rejects.toMatchObject(refused);
  await withContext({ dockerfile: `FROM ${absent}\n` }, async (folder) => {
    const built = GenericContainer.fromDockerfile(folder).withPullPolicy(PullPolicy.never()).build();
    await expect(built).rejects.toMatchObject({ ...refused, message: expect.stringContaining("says never") });
  });
});

test("offline no registry is asked, not even by a policy that always pulls", async () => {
  const image = await busyboxImage();
  process.env["RUNCIBLE_OFFLINE"] = "1";

  await using _here = await new GenericContainer(image)
    .withPullPolicy(PullPolicy.alwaysPull())
    .withCommand(["sleep", "60"])
    .start();

  await expect(new GenericContainer(absent).start()).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining("RUNCIBLE_OFFLINE is set"),
  });
});
