import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { withContext } from "../../support/build/dockerfile-case";
import { composeFiles } from "../../support/compose-files";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

const index = join(import.meta.dirname, "../../../build/index.js");
const script = `
  const { GenericContainer, Wait, log } = require(${JSON.stringify(index)});
  (async () => {
    const image = await GenericContainer.fromDockerfile(process.argv[1]).build("debugged:1");
    const container = await image.withWaitStrategy(Wait.forLogMessage("said in a container")).start();
    await container.exec(["echo", "said in an exec"]);
    await container.restart();
    await container.exec(["echo", "said after the restart"]);
    log.info("done", { containerId: container.getId() });
    await container.stop();
  })();`;

const env = { ...process.env, DEBUG: "testcontainers*", DEBUG_COLORS: "0", DEBUG_HIDE_DATE: "1", NODE_ENV: "" };
const id = "\\[[0-9a-f]{12}\\]";

test("DEBUG shows what containers, builds and execs say, each under its name", async () => {
  const dockerfile = `FROM ${await busyboxImage()}\nRUN echo said in a build\nCMD ["sh", "-c", "echo said in a container; sleep 60"]\n`;

  const { stdout, stderr } = await withContext({ dockerfile }, (folder) =>
    run(process.execPath, ["-e", script, folder], { env }),
  );

  expect(stdout).toBe("");
  expect(stderr).toMatch(/testcontainers:build \[debugged:1\] said in a build$/m);
  // Once in each run.
  expect(stderr.match(new RegExp(`testcontainers:containers ${id} said in a container$`, "gm"))).toHaveLength(2);
  expect(stderr).toMatch(new RegExp(`testcontainers:exec ${id} said in an exec$`, "m"));
  expect(stderr).toMatch(new RegExp(`testcontainers \\[INFO\\] ${id} done$`, "m"));
  expect(stderr).toMatch(/testcontainers \[DEBUG\] \[debugged:1\] image ready at \d+ ms$/m);
  for (const step of ["created", "started", "ready"]) {
    expect(stderr).toMatch(new RegExp(`testcontainers \\[DEBUG\\] ${id} \\[debugged:1\\] ${step} at \\d+ ms$`, "m"));
  }
  expect(stderr).toMatch(new RegExp(`testcontainers \\[DEBUG\\] ${id} stopped$`, "m"));
});

const restarting = `
  const { DockerComposeEnvironment, GenericContainer, Wait } = require(${JSON.stringify(index)});
  const [folder, image] = process.argv.slice(1);
  (async () => {
    const alone = await new GenericContainer(image)
      .withCommand(["sh", "-c", "echo alone; exec sleep 60"])
      .withWaitStrategy(Wait.forLogMessage("alone"))
      .start();
    await alone.restart();
    await alone.stop();
    const environment = await new DockerComposeEnvironment(folder, "compose.yaml")
      .withProjectName("debug" + process.pid)
      .withDefaultWaitStrategy(Wait.forLogMessage("together"))
      .up();
    await environment.getContainer("web-1").restart();
    await environment.down();
  })();`;

test("DEBUG shows what containers say once more after a restart, and those of compose under their names", async () => {
  const image = await busyboxImage();
  const text = `services: {web: {image: "${image}", command: "sh -c 'echo together; exec sleep 60'"}}`;
  await using files = await composeFiles({ "compose.yaml": text });

  const { stderr } = await run(process.execPath, ["-e", restarting, files.folder, image], { env });

  const shown = (line: string): number =>
    stderr.match(new RegExp(`testcontainers:containers ${line}$`, "gm"))?.length ?? 0;
  expect(shown(`${id} alone`)).toBe(2);
  expect(shown(`${id} web-1: together`)).toBe(2);
});
