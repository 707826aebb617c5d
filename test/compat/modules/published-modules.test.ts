import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serviceImageAs } from "../../support/image/service-image";
import { makeCertificate } from "../../support/registry/certificates";
import { testCreateRequests } from "./create-requests";
import { type InstalledModules, installModules } from "./installed-modules";
import { newest, v11 } from "./published";
import { usesOf } from "./uses";

describe.each([newest, v11])("the published modules of $name, unmodified,", (generation) => {
  let installed: InstalledModules;
  beforeAll(async () => {
    installed = await installModules(generation);
  });
  afterAll(() => installed?.[Symbol.asyncDispose]());

  test.each(usesOf(generation))(
    "$script: the service starts, and the real client uses it",
    async ({ script, ...use }) => {
      const image = await serviceImageAs(use.service, ...use.image);

      expect(await installed.report(script, { IMAGE: image, ...(await userFiles()) })).toEqual(use.report);
    },
  );

  // The contract is that of the newest.
  if (generation === newest) testCreateRequests(() => installed);
});

/** Paths that scripts may hand to a module; gone when the test is over. */
async function userFiles(): Promise<Readonly<Record<string, string>>> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-used-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [data, kept] = [join(folder, "data.redis"), join(folder, "kept")];
  await writeFile(data, "SET imported yes\n");
  await mkdir(kept);
  const { certificate, key } = await makeCertificate(folder, "localhost");
  return { DATA: data, FOLDER: kept, CERTIFICATE: certificate, KEY: key };
}
