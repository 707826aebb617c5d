import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { withContext } from "../../support/build/dockerfile-case";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "./busybox-image";

useEngineOfThisFile();

const index = join(import.meta.dirname, "../../../build/index.js");
const script = `
  const { GenericContainer, log } = require(${JSON.stringify(index)});
  (async () => {
    const image = await GenericContainer.fromDockerfile(process.argv[1]).build("debugged:1");
    const container = await image.start();
    await container.exec(["echo", "said in an exec"]);
    log.info("done", { containerId: container.getId() });
    await container.stop();
  })();`;

test("DEBUG shows what containers, builds and execs say, each under its name", async () => {
  const dockerfile = `FROM ${await busyboxImage()}\nRUN echo said in a build\nCMD ["sh", "-c", "echo said in a container; sleep 60"]\n`;
  const env = { ...process.env, DEBUG: "testcontainers*", DEBUG_COLORS: "0", DEBUG_HIDE_DATE: "1", NODE_ENV: "" };

  const { stdout, stderr } = await withContext({ dockerfile }, (folder) =>
    run(process.execPath, ["-e", script, folder], { env }),
  );

  expect(stdout).toBe("");
  const id = "\\[[0-9a-f]{12}\\]";
  expect(stderr).toMatch(/testcontainers:build \[debugged:1\] said in a build$/m);
  expect(stderr).toMatch(new RegExp(`testcontainers:containers ${id} said in a container$`, "m"));
  expect(stderr).toMatch(new RegExp(`testcontainers:exec ${id} said in an exec$`, "m"));
  expect(stderr).toMatch(new RegExp(`testcontainers \\[INFO\\] ${id} done$`, "m"));
});
