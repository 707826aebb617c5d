import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../src/internal/exec";
import { noFolder } from "../../support/docker-command";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";

const engine = useNewEngineOfThisFile({ RUNCIBLE_IDLE_SECONDS: "1" });
const cli = new URL("../../../build/cli/main.js", import.meta.url).pathname;

function shell(script: string): Promise<{ readonly stdout: string }> {
  const env = { PATH: process.env["PATH"], HOME: noFolder, RUNCIBLE_STATE_DIR: engine.stateFolder, CLI: cli };
  return run("sh", ["-ec", script], { env });
}

test('eval "$(runcible env)" gives docker an engine that stays', async () => {
  const { stdout } = await shell(
    'eval "$(node "$CLI" env)"; sleep 3; docker version --format "{{(index .Server.Components 0).Version}} $DOCKER_HOST"',
  );

  expect(stdout).toMatch(new RegExp(`^1\\..* unix://${join(engine.stateFolder, "engine.sock")}\n$`));
});

test("a second time it names the same engine, whatever DOCKER_HOST says", async () => {
  const { stdout } = await shell('eval "$(node "$CLI" env)"; DOCKER_HOST=unix:///nowhere node "$CLI" env | head -n 1');

  expect(stdout).toBe(`export DOCKER_HOST='unix://${join(engine.stateFolder, "engine.sock")}'\n`);
});

test("--unset takes back what it set, and starts nothing", async () => {
  const { stdout } = await shell(
    'eval "$(node "$CLI" env)"; node "$CLI" stop-engine >/dev/null; eval "$(node "$CLI" env --unset)"; env | grep -c -e DOCKER -e TESTCONTAINERS || true; test ! -S "$RUNCIBLE_STATE_DIR/engine.sock"; node "$CLI" env --unset --shell fish | head -n 1',
  );

  expect(stdout).toBe("0\nset -e DOCKER_HOST\n");
});
