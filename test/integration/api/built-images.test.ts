import { expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { GenericContainer, LABEL_TESTCONTAINERS_SESSION_ID, PullPolicy, Wait } from "../../../src/index";
import { withContext } from "../../support/build/dockerfile-case";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

async function labelsOf(image: string): Promise<Readonly<Record<string, string>>> {
  return (await engine.client.images.inspect(image)).Config?.Labels ?? {};
}

/** What a container of the image prints before it ends. */
async function printed(container: GenericContainer): Promise<string> {
  await using started = await container.withWaitStrategy(Wait.forOneShotStartup()).start();
  let text = "";
  for await (const chunk of await started.logs()) text += chunk;
  return text;
}

test("a stop sends the signal that the image asks for", async () => {
  const answer = "trap 'echo told; exit 0' USR1; echo up; while :; do sleep 0.02; done";
  const dockerfile = `FROM ${await busyboxImage()}\nSTOPSIGNAL SIGUSR1\nCMD ["sh", "-c", "${answer}"]\n`;
  await withContext({ dockerfile, files: {} }, async (folder) => {
    const image = await GenericContainer.fromDockerfile(folder).build();
    const started = await image.withWaitStrategy(Wait.forLogMessage("up")).start();

    await engine.client.containers.stop(started.getId(), { timeoutSeconds: 60 });

    expect((await engine.client.containers.inspect(started.getId())).State.ExitCode).toBe(0);
    await started.stop();
  });
});

test("an image is built with arguments, up to a stage, from a Dockerfile of any name", async () => {
  const base = await busyboxImage();
  const dockerfile = [
    "ARG BASE",
    "FROM $BASE AS first",
    "ARG WORD=none",
    "ENV SAID=$WORD",
    'CMD ["sh", "-c", "echo $SAID"]',
    "FROM first",
    'CMD ["echo", "last stage"]',
    "",
  ].join("\n");
  await withContext({ dockerfile: "FROM nosuch", files: { "docker/Other.dockerfile": dockerfile } }, async (folder) => {
    const container = await GenericContainer.fromDockerfile(folder, "docker/Other.dockerfile")
      .withBuildArgs({ BASE: base, WORD: "hello" })
      .withPullPolicy(PullPolicy.defaultPolicy())
      .withPlatform(`linux/${process.arch === "arm64" ? "arm64" : "amd64"}`)
      .withBuildkit()
      .withTarget("first")
      .build();

    expect(await printed(container)).toBe("hello\n");
  });
});

test("what .dockerignore names is left out, but for exceptions, and the Dockerfile may be among it", async () => {
  const dockerfile = `FROM ${await busyboxImage()}\nCOPY . /app\nCMD ["find", "/app", "-type", "f"]\n`;
  const files = {
    ".dockerignore": "*\n!kept\n!some/nested\n",
    "kept/file": "1",
    "some/nested": "1",
    "some/other": "1",
    top: "1",
  };
  await withContext({ dockerfile, files }, async (folder) => {
    const container = await GenericContainer.fromDockerfile(folder).build();

    expect((await printed(container)).trim().split("\n").sort()).toEqual(["/app/kept/file", "/app/some/nested"]);
  });
});

test("without the cache every step is made anew", async () => {
  const dockerfile = `FROM ${await busyboxImage()}\nRUN cat /proc/sys/kernel/random/uuid >/id\nCMD ["cat", "/id"]\n`;
  await withContext({ dockerfile }, async (folder) => {
    const build = (cache: boolean) => GenericContainer.fromDockerfile(folder).withCache(cache).build();

    const first = await printed(await build(true));

    expect(await printed(await build(true))).toBe(first);
    expect(await printed(await build(false))).not.toBe(first);
  });
});

test("a failed build tells the instruction, its exit code and what it said last", async () => {
  const dockerfile = `FROM ${await busyboxImage()}\nRUN echo before; echo on its way; exit 7\n`;
  await withContext({ dockerfile }, async (folder) => {
    const built = GenericContainer.fromDockerfile(folder).build("broken:1");

    await expect(built).rejects.toMatchObject({
      code: "build-step-failed",
      message: expect.stringMatching(/^build image broken:1 from .*Dockerfile:2: RUN echo before.*on its way/s),
      evidence: {
        exitCode: 7,
        line: 2,
        instruction: "RUN echo before; echo on its way; exit 7",
        output: "before\non its way",
      },
    });
  });
});

test.each([
  ["a folder that is not there", "/nosuch", undefined],
  ["a Dockerfile that is not there", import.meta.dirname, "nosuch"],
])("%s is an error that names it", async (_what, folder, name) => {
  await expect(GenericContainer.fromDockerfile(folder, name).build()).rejects.toMatchObject({
    code: "path-not-found",
    message: expect.stringContaining("nosuch"),
  });
});

test("a stage and an argument that make no sense are refused", async () => {
  const dockerfile = `FROM ${await busyboxImage()}\n`;
  await withContext({ dockerfile }, async (folder) => {
    const built = GenericContainer.fromDockerfile(folder).withTarget("nosuch").build();

    await expect(built).rejects.toMatchObject({ code: "invalid-argument", message: expect.stringContaining("nosuch") });
  });
  expect(() => GenericContainer.fromDockerfile("")).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

test("a built image carries the session's label unless it is to be kept", async () => {
  const dockerfile = `FROM ${await busyboxImage()}\nRUN true\n`;
  const session = await (await getRuntime()).session();
  await withContext({ dockerfile }, async (folder) => {
    await GenericContainer.fromDockerfile(folder).build("for-a-while:1");
    await GenericContainer.fromDockerfile(folder).build("kept:1", { deleteOnExit: false });
  });

  expect(await labelsOf("for-a-while:1")).toMatchObject({
    "org.testcontainers": "true",
    [LABEL_TESTCONTAINERS_SESSION_ID]: session.id,
  });
  expect(Object.keys(await labelsOf("kept:1"))).not.toContain(LABEL_TESTCONTAINERS_SESSION_ID);
});

test("an image goes with its session, but not what was made of it for longer", async () => {
  const { client } = engine;
  const session = await client.sessions.open({ Id: "a-session" });
  const labels = { [LABEL_TESTCONTAINERS_SESSION_ID]: "a-session" };
  await withContext(
    { dockerfile: `FROM ${await busyboxImage()}\nLABEL ${Object.entries(labels)[0]?.join("=")}\n` },
    (folder) => GenericContainer.fromDockerfile(folder).build("of-session:1", { deleteOnExit: false }),
  );
  await withContext({ dockerfile: "FROM of-session:1\nLABEL a=b\n" }, (folder) =>
    GenericContainer.fromDockerfile(folder).build("on-top:1", { deleteOnExit: false }),
  );
  await using container = await new GenericContainer("on-top:1").withCommand(["sleep", "60"]).start();

  session?.close();

  expect(await waitUntil(async () => !(await client.images.exists("of-session:1")), 30_000)).toBe(true);
  expect(await client.images.exists("on-top:1")).toBe(true);
  expect((await container.exec(["echo", "on"])).stdout).toBe("on\n");
});

test("a context that is not there is named, and no flag of a command", async () => {
  await withContext({ dockerfile: "FROM nosuch", files: { file: "1" } }, async (folder) => {
    const build = (path: string, dockerfile?: string): Promise<unknown> =>
      GenericContainer.fromDockerfile(path, dockerfile).build();

    for (const [start, message] of [
      [() => build(`${folder}/gone`), `build ${folder}/gone: there is no such folder`],
      [() => build(`${folder}/file`), `build ${folder}/file: it is no folder`],
      [() => build(folder, "Other"), `build ${folder}: there is no Other`],
    ] as const) {
      const failing = start();
      await expect(failing).rejects.toMatchObject({
        code: "path-not-found",
        message: expect.not.stringContaining("--"),
      });
      await expect(failing).rejects.toThrow(message);
    }
  });
});
