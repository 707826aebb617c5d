import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { loadProject } from "../../../src/compose/load/load-project";
import { run } from "../../../src/internal/exec";
import { composeFiles } from "../../support/compose-files";
import { newerDocker } from "../../support/newer-docker";
import { comparableProject } from "../compose/comparable-project";
import { configCases } from "./config-cases";

let program = "";

beforeAll(async () => {
  program = join((await newerDocker()).plugins, "docker-compose");
});

/** `config` of docker compose prints the result in forms of its own; we read that as well and compare what was read. */
test.each(Object.entries(configCases))("%s: docker compose v2 understands the same", async (_name, tried) => {
  const { files, use = [], env = {}, envFiles = [], profiles = [], projectFolder } = tried;
  await using written = await composeFiles(files);
  const { folder } = written;
  const flags = [
    ...use.flatMap((file) => ["-f", file]),
    ...envFiles.flatMap((file) => ["--env-file", file]),
    ...profiles.flatMap((name) => ["--profile", name]),
    ...(projectFolder === undefined ? [] : ["--project-directory", projectFolder]),
  ];
  const { stdout } = await run(program, [...flags, "config"], { cwd: folder, env: { HOME: "/home/me", ...env } });
  const project = await loadProject({
    workingFolder: folder,
    files: use,
    envFiles,
    profiles,
    projectFolder,
    env: { HOME: "/home/me", ...env },
  });

  await mkdir(join(folder, "theirs"));
  await written.write({ "theirs/compose.yaml": stdout });
  const theirs = await loadProject({ workingFolder: join(folder, "theirs"), profiles: ["*"], env: {} });

  expect(project.name).toBe(theirs.name);
  const [ours, expected] = [comparableProject(project), comparableProject(theirs)];
  expect(Object.keys(ours.services)).not.toEqual([]);
  expect(ours.services).toEqual(expected.services);
  // It leaves out what no service uses.
  for (const section of ["networks", "volumes"] as const) expect(ours[section]).toMatchObject(expected[section]);
  for (const section of ["secrets", "configs"] as const) {
    // It gives these a name, which nothing has.
    const used = Object.entries(ours[section]).filter(([key]) => Object.hasOwn(expected[section], key));
    const named = used.map(([key, file]) => [key, { name: expect.any(String), ...file }]);
    expect(expected[section]).toEqual(Object.fromEntries(named));
  }
});
