import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readEngineConfig } from "../../../src/engine/config";
import { createRulesReader } from "../../../src/runtime/registry/registries-files";

test("registries.conf is looked for in the home folder first, then for the whole machine", () => {
  const { registriesConf } = readEngineConfig({ HOME: "/home/me" });
  const own = "/home/me/.config/containers/registries.conf";
  expect(registriesConf).toEqual([
    { file: own, folders: [`${own}.d`], isRequired: false },
    {
      file: "/etc/containers/registries.conf",
      folders: ["/etc/containers/registries.conf.d", `${own}.d`],
      isRequired: false,
    },
  ]);
});

test("a registries.conf that the environment names takes the place of both, and has to exist", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-conf-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "none.conf");
  const { registriesConf } = readEngineConfig({ HOME: folder, CONTAINERS_REGISTRIES_CONF: file });
  expect(registriesConf.map((place) => place.file)).toEqual([file]);
  await expect(createRulesReader(registriesConf)()).rejects.toMatchObject({
    code: "registries-conf-invalid",
    message: expect.stringContaining(file),
  });
});
