import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type * as Runcible from "../../../src/index";
import { spawnTool } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { builtPackage } from "../../support/built-package";
import { composeFiles } from "../../support/compose-files";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { newerDocker } from "../../support/newer-docker";
import { rootTest } from "../../support/run-as";
import { waitUntil } from "../../support/wait-until";

const { DockerComposeEnvironment, getContainerRuntimeClient, Wait } = builtPackage;

type ClientOptions = Parameters<Runcible.DockerComposeEnvironment["withClientOptions"]>[0];

const engine = useNewEngineOfThisFile();
let image: string;
beforeAll(async () => {
  image = await busyboxImage();
});

const text = (): string => `
version: "3.8"
services:
  web:
    image: ${image}
    command: sh -c "echo serving $$GREETING; exec httpd -f -p 80 -h /www"
    environment: {GREETING: "\${GREETING:-nothing} \${FROM_FILE:-nothing}"}
    ports: ["80"]
    volumes: ["data:/data"]
    stop_grace_period: 1s
  tool: {image: ${image}, command: sleep 1000, profiles: [debug], stop_grace_period: 1s}
volumes: {data: }
`;

/** Ids of what the daemon has of a project. */
async function leftOf(project: string): Promise<string[]> {
  const filters = new Map([["label", [`com.docker.compose.project=${project}`]]]);
  const { containers, networks, volumes } = engine.client;
  const found = [await containers.list({ all: true, filters }), await networks.list(filters)];
  return [...found.flat().map(({ Id }) => Id), ...(await volumes.list(filters)).map(({ Name }) => Name)];
}

/** What holds of each program; `dash` is what it puts between the parts of a name. */
async function lives(options: ClientOptions, dash: string): Promise<void> {
  await using files = await composeFiles({ "my.yaml": text(), "my.env": "FROM_FILE=there" });
  const project = `by-program${process.pid}`;
  const written: string[] = [];
  const logger = { info: (line: string) => written.push(line), error: (line: string) => written.push(line) };
  const environment = (): Runcible.DockerComposeEnvironment =>
    new DockerComposeEnvironment(files.folder, "my.yaml")
      .withProjectName(project)
      .withClientOptions({ ...options, logger })
      .withEnvironmentFile("my.env")
      .withEnvironment({ GREETING: "hello" })
      .withProfiles("debug");

  const started = await environment().withWaitStrategy("web", Wait.forLogMessage("serving hello there")).up();
  const web = started.getContainer(`web${dash}1`);
  expect(web.getName()).toBe(`web${dash}1`);
  expect(await (await fetch(`http://${web.getHost()}:${web.getMappedPort(80)}/`)).text()).toBe("hello\n");
  expect(started.getContainer(`tool${dash}1`).getLabels()).toHaveProperty(["com.docker.compose.service"], "tool");
  expect(written.join("\n")).toMatch(/web.1/);

  const again = await environment().withNoRecreate().withProjectName(project).up();
  expect(again.getContainer(`web${dash}1`).getId()).toBe(web.getId());

  const stopped = await started.stop();
  expect(await leftOf(project)).not.toEqual([]);
  await stopped.down();
  expect(await leftOf(project)).toEqual([]);

  const unknown = environment().withWaitStrategy("web-7", Wait.forLogMessage("x")).up();
  await expect(unknown).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining(
      `"web-7": no service of the compose files makes it; the containers are tool${dash}1, web${dash}1`,
    ),
  });
  expect(await leftOf(project)).toEqual([]);

  await expect(environment().up(["none"])).rejects.toMatchObject({
    code: "command-failed",
    message: expect.stringMatching(/ up -d none: exit code 1: .*no such service: none/is),
  });
}

test("Debian's docker-compose 1.29 brings a project up and down when it is named", async () => {
  await lives({ executable: { standalone: true } }, "_");
});

rootTest("so does docker compose v2, with options of docker", "its package is unpacked by root", async () => {
  const { programs, plugins } = await newerDocker();
  await using config = await composeFiles({ "config.json": JSON.stringify({ cliPluginsExtraDirs: [plugins] }) });
  const executable = { executablePath: join(programs, "docker"), options: ["--config", config.folder] };
  await lives({ executable }, "-");
});

test("a flag that stays with the containers leaves none that runs", async () => {
  await using files = await composeFiles({
    "compose.yaml": `version: "3"\nservices: {a: {image: ${image}, command: "true"}, b: {image: ${image}, command: sleep 1000, stop_grace_period: 1s}}`,
  });
  await using started = await new DockerComposeEnvironment(files.folder, [])
    .withProjectName("attached")
    .withClientOptions({
      executable: { standalone: true },
      commandOptions: ["--abort-on-container-exit"],
      composeOptions: ["-p", "once-more"],
    })
    .up();
  expect(() => started.getContainer("b_1")).toThrow("these are: none");
  expect(await leftOf("once-more")).toHaveLength(3);
  expect(await leftOf("attached")).toEqual([]);
});

test("the low-level client runs it as well", async () => {
  await using files = await composeFiles({ "my.yaml": text() });
  const { compose } = await getContainerRuntimeClient();
  const options = {
    filePath: files.folder,
    files: "my.yaml",
    projectName: "low",
    executable: { standalone: true as const },
  };
  await compose.up(options, ["web"]);
  expect(await leftOf("low")).toHaveLength(3);
  await compose.stop(options);
  await compose.down(options);
  expect(await leftOf("low")).toEqual([]);
});

test("a program that is not there, and a folder that is not, are told apart", async () => {
  await using files = await composeFiles({ "my.yaml": text() });
  const up = (folder: string, executablePath: string): Promise<unknown> =>
    new DockerComposeEnvironment(folder, "my.yaml").withClientOptions({ executable: { executablePath } }).up();
  await expect(up(files.folder, "no-docker")).rejects.toMatchObject({ code: "tool-missing" });
  await expect(up(join(files.folder, "none"), "docker")).rejects.toMatchObject({ code: "compose-file-missing" });
});

test("when the test process is killed, what the program made goes", async () => {
  await using files = await composeFiles({ "compose.yaml": text() });
  const fixture = join(import.meta.dirname, "../../fixtures/use-compose.cjs");
  const child = spawnTool(process.execPath, [fixture, files.folder, "killed", "standalone"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout ?? child, "data");
  expect(await leftOf("killed")).toHaveLength(3);

  child.kill("SIGKILL");

  expect(await waitUntil(async () => (await leftOf("killed")).length === 0, 10_000)).toBe(true);
});
