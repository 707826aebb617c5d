import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { killIfThere } from "../../../src/internal/kill-if-there";
import { type DockerCommand, dockerOn, must } from "../../support/docker-command";
import type { TestEngine } from "../../support/engine";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";
import { startEngine } from "./engine-with-image";

let engine: TestEngine;
let docker: DockerCommand;
let host: string;

beforeAll(async () => {
  engine = await startEngine();
  docker = dockerOn(`unix://${join(engine.stateFolder, "engine.sock")}`);
  host = await mkdtemp(join(tmpdir(), "runcible-files-"));
  await writeFile(join(host, "file"), "of the machine\n");
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(host, { recursive: true });
});

/** What a test that failed left would stand in the way of the next one. */
afterEach(async () => {
  const { containers, volumes } = engine.client;
  for (const { Id } of await containers.list({ all: true })) await containers.remove(Id, { force: true });
  for (const { Name } of await volumes.list()) await volumes.remove(Name);
});

async function replaceEngine(how: "ended" | "killed"): Promise<void> {
  if (how === "ended") await engine.client.system.shutdown();
  else for (const { pid } of await processesOf(engine.stateFolder)) killIfThere(pid, "SIGKILL");
  expect(await waitUntil(async () => (await processesOf(engine.stateFolder)).length === 0, 30_000)).toBe(true);
  (await connect()).client.close();
}

/** By `docker cp`, as text. */
async function copiedOut(source: string): Promise<string> {
  const target = join(host, "copied");
  await must(docker, "cp", source, target);
  return await readFile(target, "utf8");
}

const container = ["--label", "files", "-v", "chosen:/chosen", "-v", "plain:/plain", "bb"];

test.each(["ended", "killed"] as const)(
  "files of containers that a further engine found when the first had been %s",
  async (how) => {
    await writeFile(join(host, "new"), "copied in\n");
    await must(docker, "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", `device=${host}`, "chosen");
    await must(docker, "create", "--name", "created", ...container, "cat", "/new", "/plain/new", "/chosen/file");
    await must(docker, "run", "--name", "exited", ...container, "sh", "-c", "echo mine >/own; rm /etc/group");
    await replaceEngine(how);

    for (const name of ["created", "exited"]) {
      expect(await copiedOut(`${name}:/etc/passwd`)).toContain("root");
      expect(await copiedOut(`${name}:/chosen/file`)).toBe("of the machine\n");
      await must(docker, "cp", join(host, "new"), `${name}:/new`);
      expect(await copiedOut(`${name}:/new`)).toBe("copied in\n");
    }
    await must(docker, "cp", join(host, "new"), "created:/plain/new");
    expect(await copiedOut("exited:/own")).toBe("mine\n");
    expect(await docker(["cp", "exited:/etc/group", "-"])).toMatchObject({ exitCode: 1 });
    const changes = (await must(docker, "diff", "exited")).split("\n");
    expect(changes).toEqual(expect.arrayContaining(["A /own", "A /new", "D /etc/group"]));
    expect((await must(docker, "diff", "created")).split("\n")).toContain("A /new");
    await must(docker, "commit", "created", "committed:1");
    await must(docker, "commit", "exited", "committed:2");

    expect(await must(docker, "start", "-a", "created")).toBe("copied in\ncopied in\nof the machine");
    expect(await must(docker, "run", "--rm", "committed:1", "cat", "/new")).toBe("copied in");
    expect(await must(docker, "run", "--rm", "committed:2", "sh", "-c", "cat /own /new; ls /etc")).toMatch(
      /^mine\ncopied in\n(?!.*\bgroup\b)/s,
    );
    // Unmounting it is what a removal must do: a folder with a mount in it cannot be removed.
    await must(docker, "rm", "created", "exited");
    await must(docker, "volume", "rm", "chosen", "plain");
    await must(docker, "rmi", "committed:1", "committed:2");
  },
);
