import { expect, test } from "vitest";
import {
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  type HostImageOptions,
  Wait,
} from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";

const engine = useEngineOfThisFile();

test("a program of this machine runs in a container, with the libraries and files it needs", async () => {
  const ofHost = await GenericContainer.fromHost({ executables: ["busybox"], paths: ["/etc/hostname"] });
  await using container = await ofHost.withCommand(["busybox", "sleep", "60"]).start();

  const { stdout } = await container.exec(["busybox", "ls", "/usr/bin", "/etc/hostname"]);

  expect(stdout).toContain("busybox");
  expect(stdout).toContain("/etc/hostname");
});

test("the image of a machine's programs carries the labels of its process, with which it goes", async () => {
  const reaper = await getReaper(await getContainerRuntimeClient());
  await GenericContainer.fromHost({ executables: ["busybox"] }, "localhost/programs:1");

  const { Config } = await engine.client.images.inspect("localhost/programs:1");

  expect(Config.Labels).toMatchObject({ "org.testcontainers.session-id": reaper.sessionId });
});

test("a program that is not there is an error that names it", async () => {
  await expect(GenericContainer.fromHost({ paths: ["/etc"] } as unknown as HostImageOptions)).rejects.toMatchObject({
    code: "invalid-argument",
  });
  await expect(GenericContainer.fromHost({ executables: ["no-such-program"] })).rejects.toMatchObject({
    code: "tool-missing",
    message: expect.stringMatching(/no-such-program/),
  });
});

test("host/node is this machine's Node, under its version and the beginning of it", async () => {
  const [major] = process.versions.node.split(".");
  for (const tag of [process.versions.node, major]) {
    await using container = await new GenericContainer(`host/node:${tag}`)
      .withCommand(["node", "--eval", "console.log(process.version)"])
      .withWaitStrategy(Wait.forLogMessage(process.version))
      .start();
    expect(container.getId()).toMatch(/^[0-9a-f]{64}$/);
  }
  await expect(new GenericContainer("host/node:1.2").start()).rejects.toMatchObject({
    code: "image-not-found",
    message: expect.stringContaining(`use host/node:${process.versions.node}`),
  });
});
