import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { composeFiles } from "../../support/compose-files";
import { dockerOn, must } from "../../support/docker-command";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";

const engine = useNewEngineOfThisFile();
let host: string;

beforeAll(async () => {
  await getRuntime();
  host = `unix://${join(engine.stateFolder, "engine.sock")}`;
});

const text = (image: string): string => `
version: "3.9"
services:
  web:
    build: {context: ., args: {WHO: compose}}
    command: sh -c "echo serving; exec httpd -f -p 80 -h /www"
    ports: ["80"]
    volumes: ["data:/data", "./made:/made", /without-name]
    networks: {front: {aliases: [site]}}
    healthcheck: {test: "wget -qO- localhost || exit 1", interval: 200ms}
    environment: {A: "1"}
  client:
    image: ${image}
    command: sleep 1000
    stop_grace_period: 0s
    networks: [front]
    depends_on: [web]
networks: {front: }
volumes: {data: }
`;
const dockerfile = (image: string): string => `FROM ${image}
ARG WHO
RUN mkdir -p /www && echo "for $WHO" > /www/index.html
`;

test("Debian's docker-compose 1.29 works: up, ps, logs, exec, scale, restart, down", async () => {
  const image = await busyboxImage();
  await using files = await composeFiles({ "docker-compose.yml": text(image), Dockerfile: dockerfile(image) });
  const env = {
    PATH: process.env["PATH"],
    HOME: files.folder,
    DOCKER_HOST: host,
    DOCKER_BUILDKIT: "0",
    COMPOSE_PROJECT_NAME: "first",
  };
  const compose = async (...args: readonly string[]): Promise<RunResult> => {
    const result = await runUnchecked("docker-compose", ["--no-ansi", ...args], {
      cwd: files.folder,
      env,
      timeoutMs: 120_000,
    });
    expect(result.exitCode, `${args.join(" ")}: ${result.stderr}`).toBe(0);
    return result;
  };

  await compose("up", "-d");
  expect((await compose("ps", "--services", "--filter", "status=running")).stdout.trim().split("\n").sort()).toEqual([
    "client",
    "web",
  ]);
  await expect.poll(async () => (await compose("ps", "web")).stdout, { timeout: 10_000 }).toContain("Up (healthy)");
  expect((await compose("logs", "web")).stdout).toMatch(/web_1 +\| serving/);
  expect((await compose("exec", "-T", "web", "sh", "-c", "echo $A")).stdout).toBe("1\n");
  expect((await compose("exec", "-T", "client", "wget", "-qO-", "http://site/")).stdout).toBe("for compose\n");
  expect((await compose("port", "web", "80")).stdout).toMatch(/^127\.0\.0\.1:\d+\n$/);
  expect((await compose("top", "client")).stdout).toContain("sleep 1000");
  expect((await compose("run", "--rm", "-T", "client", "echo", "once")).stdout).toBe("once\n");
  // Nothing has changed: nothing is made anew.
  const before = await must(dockerOn(host), "ps", "-q", "--no-trunc");
  await compose("up", "-d");
  expect(await must(dockerOn(host), "ps", "-q", "--no-trunc")).toBe(before);
  await compose("up", "-d", "--scale", "client=2");
  expect((await compose("ps", "-q", "client")).stdout.trim().split("\n")).toHaveLength(2);
  await compose("restart", "-t", "0", "web");
  await compose("pause", "client");
  await compose("unpause", "client");
  await compose("stop", "-t", "0");
  await compose("start");
  await compose("down", "-v", "-t", "0", "--rmi", "local");

  const docker = dockerOn(host);
  expect(await must(docker, "ps", "-aq")).toBe("");
  expect(await must(docker, "volume", "ls", "-q")).toBe("");
  expect((await must(docker, "network", "ls", "--format", "{{.Name}}")).split("\n").sort()).toEqual([
    "bridge",
    "host",
    "none",
  ]);
});
