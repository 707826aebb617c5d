import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { exitOf, type RunResult, runUnchecked, spawnTool } from "../../../src/internal/exec";
import { composeFiles } from "../../support/compose-files";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "../api/busybox-image";

useEngineOfThisFile();
const image = "runcible-test/busybox:1";
const main = join(import.meta.dirname, "../../../build/cli/main.js");
beforeAll(() => busyboxImage());

const text = `
services:
  web:
    image: ${image}
    command: sh -c 'echo one; echo two; exec httpd -f -p 80'
    ports: ["80"]
    stop_grace_period: 0s
    healthcheck: {test: wget -q -O - http://localhost/www/index.html, interval: 100ms, retries: 100}
  worker: {image: ${image}, command: sleep 1000, stop_grace_period: 0s, depends_on: [web]}
  tool: {image: ${image}, profiles: [debug]}
volumes: {data: }
`;

/** The command, run as a user does, in the folder of the project. */
async function compose(folder: string, ...args: string[]): Promise<RunResult> {
  return runUnchecked(process.execPath, [main, "compose", ...args], { cwd: folder });
}

test("up -d, ps, logs and down, as with docker compose", async () => {
  await using files = await composeFiles({ "compose.yaml": text }, `cli${process.pid}`);
  const name = `cli${process.pid}`;

  const up = await compose(files.folder, "up", "-d", "--wait", "--scale", "worker=2");
  expect(up.exitCode, up.stderr).toBe(0);
  expect(up.stderr).toContain(` Container ${name}-web-1  Started`);

  const rows = (await compose(files.folder, "ps")).stdout.split("\n");
  expect(rows[0]).toMatch(/^NAME +IMAGE +COMMAND +SERVICE +CREATED +STATUS +PORTS$/);
  expect(rows.slice(1).map((row) => row.split(" ")[0])).toEqual(
    [`${name}-web-1`, `${name}-worker-1`, `${name}-worker-2`, undefined].map((row) => row ?? ""),
  );
  const json = (await compose(files.folder, "ps", "--format", "json", "web")).stdout.trim();
  expect(JSON.parse(json)).toMatchObject({
    Name: `${name}-web-1`,
    Service: "web",
    State: "running",
    Health: "healthy",
    Publishers: expect.arrayContaining([expect.objectContaining({ TargetPort: 80, Protocol: "tcp" })]),
  });
  expect((await compose(files.folder, "ps", "-q")).stdout.trim().split("\n")).toHaveLength(3);

  expect((await compose(files.folder, "logs", "web")).stdout).toBe("web-1  | one\nweb-1  | two\n");
  expect((await compose(files.folder, "logs", "--tail", "1", "--no-log-prefix", "web")).stdout).toBe("two\n");

  const down = await compose("/", "-p", name, "down", "-v");
  expect(down.exitCode, down.stderr).toBe(0);
  expect(down.stderr).toContain(` Network ${name}_default  Removed`);
  expect((await compose(files.folder, "ps", "-a", "-q")).stdout).toBe("");
});

test("up without -d shows the output of all, until they end", async () => {
  const jobs = `services: {a: {image: ${image}, command: echo from a}, bc: {image: ${image}, command: echo from bc}}`;
  await using files = await composeFiles({ "compose.yaml": jobs }, `att${process.pid}`);
  const { stdout, exitCode } = await compose(files.folder, "up");
  expect({ exitCode, lines: stdout.trim().split("\n").sort() }).toEqual({
    exitCode: 0,
    lines: ["a-1   | from a", "bc-1  | from bc"],
  });
  await compose(files.folder, "down");
});

test("Ctrl-C on up ends the containers and keeps them", async () => {
  const text = `services: {a: {image: ${image}, command: sh -c 'echo serving; exec sleep 1000', stop_grace_period: 0s}}`;
  await using files = await composeFiles({ "compose.yaml": text }, `int${process.pid}`);
  const child = spawnTool(process.execPath, [main, "compose", "up"], {
    cwd: files.folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = exitOf(child, "runcible");
  child.stderr?.resume();
  const [line] = await once(child.stdout ?? child, "data");
  expect(String(line)).toBe("a-1  | serving\n");

  child.kill("SIGINT");

  expect(await exited).toMatchObject({ exitCode: 130 });
  expect(JSON.parse((await compose(files.folder, "ps", "-a", "--format", "json")).stdout)).toMatchObject({
    State: "exited",
  });
  await compose(files.folder, "down");
});

test("config shows the project as it is understood, and lists parts of it", async () => {
  await using files = await composeFiles({ "compose.yaml": text, ".env": "COMPOSE_PROJECT_NAME=shown" });
  const config = async (...args: string[]): Promise<string> => (await compose(files.folder, ...args)).stdout;
  expect(parse(await config("config"))).toMatchObject({
    name: "shown",
    services: { web: { image, ports: [{ target: 80 }], networks: { default: {} } } },
    networks: { default: { name: "shown_default" } },
    volumes: { data: { name: "shown_data" } },
  });
  expect(JSON.parse(await config("config", "--format", "json"))).toMatchObject({ name: "shown" });
  expect(await config("config", "--services")).toBe("web\nworker\n");
  expect(await config("--profile", "debug", "config", "--services")).toBe("tool\nweb\nworker\n");
  expect(await config("config", "--volumes")).toBe("data\n");
  expect(await config("config", "--hash", "web")).toMatch(/^web [0-9a-f]{64}\n$/);
});

test("what is wrong with a file is one line with its place, and exit code 2", async () => {
  await using files = await composeFiles({ "compose.yaml": "services:\n  web: {imgae: x}\n" });
  const { exitCode, stderr } = await compose(files.folder, "up", "-d");
  expect(exitCode).toBe(2);
  expect(stderr).toBe(
    `runcible: read compose file: ${files.folder}/compose.yaml:2: services.web.imgae: the compose specification has no such key; did you mean "image"?\n`,
  );
});

test("a wrong verb is answered with the nearest one", async () => {
  expect((await compose("/", "dwon")).stderr).toContain('did you mean "compose down"?');
});
