import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { useTestEngine } from "../../support/engine";
import { emptySnapshot, expectNothingLeft } from "../../support/leaks";
import { userTest } from "../../support/run-as";
import { searchPathWithout } from "../../support/search-path";
import { failureOf, failureWithoutEngine, limitMs } from "./failure";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-machine-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const noDaemon = { DOCKER_HOST: "", RUNCIBLE_HOST: "" };

test("without runc the start fails with the command that installs it", async () => {
  await using engine = await useTestEngine({ ...noDaemon, PATH: await searchPathWithout("runc") });

  const error = await failureWithoutEngine(engine.stateFolder, new GenericContainer("busybox"));

  expect(error.code).toBe("runc-missing");
  expect(error.message).toContain("apt-get install runc");
});

test.each([
  ["unshare", "util-linux"],
  ["ip", "iproute2"],
  ["nft", "nftables"],
])("without %s the start fails with the command that installs it", async (program, name) => {
  const whole = process.env["PATH"];
  await using engine = await useTestEngine({ ...noDaemon, PATH: await searchPathWithout(program) });

  const error = await failureOf(new GenericContainer("busybox"));

  expect(error.code).toBe("tool-missing");
  expect(error.message).toContain(
    `run ${program}: it is not installed, or not for this user; run: sudo apt-get install ${name}`,
  );
  // The look at what is left needs the program itself.
  process.env["PATH"] = whole;
  await expectNothingLeft(emptySnapshot(engine.stateFolder), limitMs);
});

test("an old runc is refused with its version", async () => {
  const path = await searchPathWithout("runc");
  await writeFile(join(path, "runc"), "#!/bin/sh\necho 'runc version 1.0.0-rc93'\n");
  await chmod(join(path, "runc"), 0o755);
  await using engine = await useTestEngine({ ...noDaemon, PATH: path });

  const error = await failureWithoutEngine(engine.stateFolder, new GenericContainer("busybox"));

  expect(error.code).toBe("runc-too-old");
  expect(error.message).toContain("1.0.0");
});

userTest("without newuidmap the start fails with the command that installs it", "root needs none", async () => {
  await using engine = await useTestEngine({ ...noDaemon, PATH: await searchPathWithout("newuidmap") });

  const error = await failureWithoutEngine(engine.stateFolder, new GenericContainer("busybox"));

  expect(error.code).toBe("capability-missing");
  expect(error.message).toContain("apt-get install uidmap");
});

test("a state folder that cannot be used is named with the variable that chooses another", async () => {
  await using engine = await useTestEngine(noDaemon);
  const file = join(folder, "file");
  await writeFile(file, "");
  const before = process.env["RUNCIBLE_STATE_DIR"];
  process.env["RUNCIBLE_STATE_DIR"] = join(file, "state");

  const error = await failureWithoutEngine(engine.stateFolder, new GenericContainer("busybox"));

  process.env["RUNCIBLE_STATE_DIR"] = before;
  expect(error.code).toBe("permission-denied");
  expect(error.message).toContain("RUNCIBLE_STATE_DIR");
});
