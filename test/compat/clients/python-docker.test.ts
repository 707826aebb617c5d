import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { run } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";

const engine = useNewEngineOfThisFile();

beforeAll(async () => {
  await getRuntime();
});

test("Debian's python3-docker works: containers, logs, exec, files, builds, networks, volumes", async () => {
  const env = { PATH: process.env["PATH"], DOCKER_HOST: `unix://${join(engine.stateFolder, "engine.sock")}` };
  const script = join(__dirname, "use_docker.py");

  // Debian's own Python, which is the one that has the package.
  const { stdout } = await run("/usr/bin/python3", [script, await busyboxImage()], { env, timeoutMs: 120_000 });

  expect(JSON.parse(stdout)).toEqual({
    run: "hello\n",
    failed: [3, "broken\n"],
    status: "running",
    has_port: true,
    by_name: "page\n",
    exec: [4, "1\n"],
    demux: ["out\n", "err\n"],
    put: true,
    get: ["file", "put"],
    top: "UID",
    stats: "/py-web",
    attached: true,
    paused: "paused",
    found: ["py-renamed"],
    built: [["py-built:1"], "built for python\n"],
    build_error: true,
    no_image: true,
    no_container: true,
    wait: 9,
    version: "1.45",
    network: { by: "python" },
    events: "container",
    pruned: 0,
  });
});
