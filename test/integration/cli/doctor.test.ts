import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import { doctorCommand } from "../../../src/cli/commands/doctor";
import { dispatch } from "../../../src/cli/dispatch";
import type { Finding } from "../../../src/cli/doctor/finding";
import { RuncibleError } from "../../../src/internal/errors";
import { searchPathWithout } from "../../support/search-path";

async function doctor(env: NodeJS.ProcessEnv, ...words: string[]): Promise<{ exitCode: number; out: string }> {
  const written: string[] = [];
  const context = {
    env,
    workingFolder: "/",
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    out: (text: string) => void written.push(text),
    err: (text: string) => void written.push(text),
    connect: () => Promise.reject(new RuncibleError("engine-unreachable", "a look at the machine needs no engine")),
  };
  return { exitCode: await dispatch([doctorCommand], context, ["doctor", ...words]), out: written.join("") };
}

test("each requirement is told with what it is for, for both ways of running, as JSON and as a table", async () => {
  const json = await doctor(process.env, "--json");
  const findings: readonly Finding[] = JSON.parse(json.out);
  const table = await doctor(process.env);

  // The suites' containers run here.
  expect([json.exitCode, table.exitCode]).toEqual([0, 0]);
  expect(findings.map(({ name, ways }) => `${name}: ${ways}`)).toEqual([
    ...["node", "kernel", "runc", "ip", "nft", "unshare", "tar"].map((name) => `${name}: root,user`),
    ...["newuidmap: user", "overlay: root,user", "namespaces: root", "cgroups: root", "AppArmor: root"],
    ...["user namespaces: user", "range of ids: user", "way out: user", "user limits: user", "state folder: root,user"],
  ]);
  for (const { name, why, state, detail, remedy } of findings) {
    expect(why.length, name).toBeGreaterThan(10);
    expect(table.out).toMatch(new RegExp(`^${state} +${name} .*`, "m"));
    // Free space may change between the two looks.
    if (name !== "state folder") expect(table.out).toContain(detail);
    if (remedy !== undefined) expect(table.out).toContain(`for ${why}\n           ${remedy}`);
  }
});

test("what lacks comes with the command that mends it, and containers cannot run", async () => {
  const { exitCode, out } = await doctor({ ...process.env, PATH: await searchPathWithout("runc") });

  expect(exitCode).toBe(1);
  expect(out).toMatch(
    /^missing +runc .*not installed\n +for it starts a container's processes\n +run: sudo apt-get install runc$/m,
  );
  expect(out).toMatch(/Containers cannot run as .*: mend what is missing\.\n$/);
});
