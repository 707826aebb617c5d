import { join } from "node:path";
import { expect } from "vitest";
import { runUnchecked } from "../../../src/internal/exec";
import { composeFiles } from "../../support/compose-files";
import { startDocker } from "../../support/docker";
import { loadTestImages } from "../../support/load-test-images";
import { rootTest } from "../../support/run-as";

const main = join(import.meta.dirname, "../../../build/cli/main.js");

const text = `
services:
  prepare: {image: bb, command: "true"}
  web:
    image: bb
    command: httpd -f -p 80 -h /run/secrets
    volumes: ["data:/data", "./made:/made", /without-name]
    tmpfs: /scratch
    secrets: [secret]
    networks: {front: {aliases: [site]}, back: }
    healthcheck: {test: "true", interval: 200ms}
    mem_limit: 64m
    stop_grace_period: 0s
  client:
    image: bb
    command: sleep 1000
    stop_grace_period: 0s
    networks: [front]
    links: ["web:linked"]
    depends_on: {web: {condition: service_healthy}, prepare: {condition: service_completed_successfully}}
networks: {front: , back: }
volumes: {data: }
secrets: {secret: {file: ./secret.txt}}
`;

rootTest(
  "a real Docker is driven by the same code, and nothing is left on it",
  "a Docker daemon needs root",
  async () => {
    await using docker = await startDocker();
    if (docker === undefined) throw new TypeError("dockerd does not come up");
    const { host } = docker;
    await using files = await composeFiles({ "compose.yaml": text, "secret.txt": "told" });
    const compose = async (...args: string[]): Promise<number> => {
      const env = { ...process.env, DOCKER_HOST: host };
      const { exitCode, stderr } = await runUnchecked(process.execPath, [main, "compose", ...args], {
        cwd: files.folder,
        env,
      });
      expect(exitCode, stderr).toBe(0);
      return exitCode;
    };
    await loadTestImages([docker.host], { "bb:latest": "busybox" });

    await compose("up", "-d");
    const id = await docker.docker("inspect", "-f", "{{.Id}}", "app-web-1");
    await compose("up", "-d");

    expect(await docker.docker("inspect", "-f", "{{.Id}}", "app-web-1")).toBe(id);
    for (const name of ["web", "site", "linked"]) {
      expect(await docker.docker("exec", "app-client-1", "wget", "-q", "-O", "-", `http://${name}/secret`)).toBe(
        "told",
      );
    }
    await compose("down", "-v");
    expect(await docker.docker("ps", "-a", "-q")).toBe("");
    expect(await docker.docker("volume", "ls", "-q")).toBe("");
    expect(await docker.docker("network", "ls", "-q", "-f", "type=custom")).toBe("");
  },
);
