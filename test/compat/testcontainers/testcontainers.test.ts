import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getRuntime } from "../../../src/api/runtime/runtime";
import { run } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { dockerOn, must } from "../../support/docker-command";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { waitUntil } from "../../support/wait-until";
import { npmInstall } from "../packaging/installed-package";

const engine = useNewEngineOfThisFile();
const version = "11.14.0";
let folder: string;
let host: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-upstream-"));
  await cp(join(__dirname, "consumer"), folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true }));
  await npmInstall(folder, [`testcontainers@${version}`]);
  await getRuntime();
  host = `unix://${join(engine.stateFolder, "engine.sock")}`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the published testcontainers package runs unmodified, and its reaper needs no registry", async () => {
  const docker = dockerOn(host);
  const image = await busyboxImage();
  const networks = await must(docker, "network", "ls", "-q");
  const images = await must(docker, "images", "-q");

  const { stdout } = await run("node", ["use.cjs"], {
    cwd: folder,
    // As `runcible env` sets them.
    env: { ...process.env, DOCKER_HOST: host, TESTCONTAINERS_HOST_OVERRIDE: "localhost", IMAGE: image, TMPDIR: folder },
    timeoutMs: 120_000,
  });

  const { session, ...saw } = JSON.parse(stdout) as { readonly session: string };
  expect(saw).toEqual({
    http: "hello\n",
    exec: { output: "1\ncopied", stdout: "1\ncopied", stderr: "", exitCode: 3 },
    alias: "hello\n",
    httpAfterRestart: "hello\n",
    logs: "starting\nready\n",
    built: "built for me\n",
    committed: "sha256:",
  });
  const mine = ["--filter", `label=org.testcontainers.session-id=${session}`];
  // The reaper has the label too.
  expect((await must(docker, "ps", "-aq", ...mine)).split("\n")).toHaveLength(4);
  const isGone = async (): Promise<boolean> => (await must(docker, "ps", "-aq")) === "";
  expect(await waitUntil(isGone, 30_000)).toBe(true);
  expect(await must(docker, "network", "ls", "-q")).toBe(networks);
  const left = (await must(docker, "images", "--format", "{{.Repository}}")).split("\n");
  expect(left.filter((name) => name !== "testcontainers/ryuk" && name !== "committed")).toHaveLength(
    images.split("\n").length,
  );
});

test("a reaper removes what fits a line some time after its last client, and nothing else", async () => {
  const docker = dockerOn(host);
  const image = await busyboxImage();
  const settings = ["-e", "RYUK_RECONNECTION_TIMEOUT=1s"];
  await must(docker, "run", "-d", "--rm", "--name", "ryuk", "-p", "8080", ...settings, "testcontainers/ryuk:0.14.0");
  for (const label of ["a=1", "a=2"]) {
    await must(docker, "run", "-d", "--label", label, "-v", "/anonymous", image, "sleep", "1000");
    await must(docker, "network", "create", "--label", label, `net-${label.slice(2)}`);
    await must(docker, "volume", "create", "--label", label, `vol-${label.slice(2)}`);
  }
  const [port = ""] = (await must(docker, "port", "ryuk", "8080")).split("\n");

  const acknowledged = await linesOf(Number(port.split(":").at(-1)), [
    "label=a=1",
    "label=nosuch=1",
    "name=vol-2",
    "label=a",
    "malformed",
  ]);

  expect(acknowledged).toBe("ACK\nACK\n");
  expect(await must(docker, "logs", "ryuk")).toContain("Started");
  const isGone = async (): Promise<boolean> => (await must(docker, "ps", "-aq", "--filter", "name=ryuk")) === "";
  expect(await waitUntil(isGone, 30_000)).toBe(true);
  expect(await must(docker, "ps", "-a", "--format", '{{.Label "a"}}')).toBe("2");
  expect(await must(docker, "network", "ls", "--filter", "name=net-", "--format", "{{.Name}}")).toBe("net-2");
  expect(await must(docker, "volume", "ls", "--filter", "name=vol-", "--format", "{{.Name}}")).toBe("vol-2");
  expect((await must(docker, "volume", "ls", "-q")).split("\n")).toHaveLength(2);
  await must(docker, "rm", "-f", "-v", ...(await must(docker, "ps", "-aq")).split("\n"));
});

/** Sends lines, hangs up, and reads all that is answered. */
async function linesOf(port: number, lines: readonly string[]): Promise<string> {
  const connection = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  connection.end(lines.map((line) => `${line}\n`).join(""));
  return await text(connection);
}
