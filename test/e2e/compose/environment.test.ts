import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type * as Runcible from "../../../src/index";
import { spawnTool } from "../../../src/internal/exec";
import { busyboxImage } from "../../integration/api/busybox-image";
import { builtPackage } from "../../support/built-package";
import { composeFiles } from "../../support/compose-files";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { failureInTime } from "../../support/failure-in-time";
import { waitUntil } from "../../support/wait-until";

const { DockerComposeEnvironment, Wait } = builtPackage;

const engine = useEngineOfThisFile();
const image = "runcible-test/busybox:1";
beforeAll(() => busyboxImage());

const text = `
services:
  web:
    image: ${image}
    command: sh -c 'echo serving $$GREETING; exec httpd -f -p 80 -h /www'
    environment: {GREETING: "\${GREETING:-nothing}"}
    ports: ["80"]
  worker: {image: ${image}, command: sh -c 'echo at work; exec sleep 1000', container_name: "w\${COMPOSE_PROJECT_NAME}"}
  tool: {image: ${image}, command: sh -c 'echo at work; exec sleep 1000', profiles: [debug]}
`;

async function namesOf(project: string): Promise<string[]> {
  const filters = new Map([["label", [`com.docker.compose.project=${project}`]]]);
  return (await engine.client.containers.list({ all: true, filters })).flatMap(({ Names }) => Names).sort();
}

test("a project comes up, its containers are reached by name, and go with it", async () => {
  await using files = await composeFiles({ "compose.yaml": text });
  const name = `env${process.pid}`;
  const environment = await new DockerComposeEnvironment(files.folder, "compose.yaml")
    .withProjectName(name)
    .withEnvironment({ GREETING: "hello" })
    .withProfiles("debug")
    .withWaitStrategy("web-1", Wait.forListeningPorts())
    .withDefaultWaitStrategy(Wait.forLogMessage("at work"))
    .up();

  const web = environment.getContainer("web-1");
  const answer = await fetch(`http://${web.getHost()}:${web.getMappedPort(80)}/`);
  expect(await answer.text()).toBe("hello\n");
  expect((await web.exec("sh -c env")).output).toContain("GREETING=hello");
  expect(environment.getContainer(`w${name}`).getName()).toBe(`w${name}`);
  expect(web.getName()).toBe("web-1");
  expect(environment.getContainer("tool-1").getLabels()).toHaveProperty(["org.testcontainers"], "true");
  expect(() => environment.getContainer("none-1")).toThrow('Cannot get container "none-1" as it is not running');

  await environment.down();
  expect(await namesOf(name)).toEqual([]);
});

test("only the services asked for come up, and stopped ones stay until down", async () => {
  await using files = await composeFiles({
    "compose.yaml": `services: {a: {image: ${image}, command: sleep 1000, stop_grace_period: 0s}, b: {image: ${image}}}`,
  });
  const name = `some${process.pid}`;
  const environment = await new DockerComposeEnvironment(files.folder, ["compose.yaml"])
    .withProjectName(name)
    .up(["a"]);
  expect(await namesOf(name)).toEqual([`/${name}-a-1`]);
  const stopped = await environment.stop();
  expect(await namesOf(name)).toEqual([`/${name}-a-1`]);
  await stopped.down();
  expect(await namesOf(name)).toEqual([]);
});

test("withEnvironmentFile takes the place of .env, and the environment of the test wins over both", async () => {
  const command = "sh -c 'echo $A $B $C; exec sleep 1000'";
  await using files = await composeFiles({
    "compose.yaml": `services: {a: {image: ${image}, command: "${command}"}}`,
    ".env": "A=default\nB=default\nC=default\n",
    "other.env": "A=other\nB=other\n",
  });
  await using environment = await new DockerComposeEnvironment(files.folder, "compose.yaml")
    .withProjectName(`file${process.pid}`)
    .withEnvironmentFile("other.env")
    .withEnvironment({ B: "test" })
    .withDefaultWaitStrategy(Wait.forLogMessage("other test"))
    .up();
  // The line ends there: of the name that only .env has, nothing comes.
  const log = await environment.getContainer("a-1").logs();
  expect(String((await once(log, "data"))[0])).toBe("other test\n");
  log.destroy();

  const missing = new DockerComposeEnvironment(files.folder, "compose.yaml").withEnvironmentFile("none.env").up();
  await expect(missing).rejects.toMatchObject({
    code: "compose-file-missing",
    message: expect.stringContaining("none.env"),
  });
});

test("withNoRecreate keeps containers that are there, even when the file has changed", async () => {
  const text = (command: string): string =>
    `services: {a: {image: ${image}, command: ${command}, stop_grace_period: 0s}}`;
  await using files = await composeFiles({
    "one.yaml": text("sleep 1000"),
    "two.yaml": text("sleep 2000"),
  });
  const up = (file: string): Promise<Runcible.StartedDockerComposeEnvironment> =>
    new DockerComposeEnvironment(files.folder, file).withNoRecreate().up();

  const first = await up("one.yaml");
  const second = await up("two.yaml");
  const id = first.getContainer("a-1").getId();
  expect(second.getContainer("a-1").getId()).toBe(id);
  expect(await namesOf("testcontainers-node")).toEqual(["/testcontainers-node-a-1"]);

  const replaced = await new DockerComposeEnvironment(files.folder, "two.yaml")
    .withProjectName("testcontainers-node")
    .up();
  expect(replaced.getContainer("a-1").getId()).not.toBe(id);
  await replaced.down();
});

test("a wait strategy of a service is for each of its containers, one of a container comes first", async () => {
  const script = "sh -c 'sleep 0.2; echo up as $$HOSTNAME; exec sleep 1000'";
  const scaled = `services: {a: {image: ${image}, scale: 3, command: "${script}"}}`;
  await using files = await composeFiles({ "compose.yaml": scaled });
  const waited: string[] = [];
  const noted = (name: string): Runcible.WaitStrategy => {
    const strategy = Wait.forLogMessage(/up as/);
    const waitUntilReady = strategy.waitUntilReady.bind(strategy);
    strategy.waitUntilReady = async (...args) => {
      await waitUntilReady(...args);
      waited.push(name);
    };
    return strategy;
  };
  await using environment = await new DockerComposeEnvironment(files.folder, "compose.yaml")
    .withProjectName(`each${process.pid}`)
    .withWaitStrategy("a", noted("a"))
    .withWaitStrategy("a-2", noted("a-2"))
    .up();

  expect(waited.sort()).toEqual(["a", "a", "a-2"]);
  expect(() => environment.getContainer("a-4")).toThrow("these are: a-1, a-2, a-3");
});

test.each(["web-7", "wep", "b-1"])(
  "a wait strategy of %s, which no service makes, ends up() with the names of those made",
  async (name) => {
    await using files = await composeFiles({
      "compose.yaml": `services: {web: {image: ${image}, command: sleep 1000}}`,
    });
    const project = `unknown${process.pid}`;
    const up = new DockerComposeEnvironment(files.folder, "compose.yaml")
      .withProjectName(project)
      .withWaitStrategy(name, Wait.forLogMessage("NEVER"))
      .up();
    await expect(up).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(/containers are web-1$/),
    });
    expect(await namesOf(project)).toEqual([]);
  },
);

test("a wait strategy of a service is not swallowed", async () => {
  await using files = await composeFiles({ "compose.yaml": `services: {web: {image: ${image}, command: sleep 1000}}` });
  const up = new DockerComposeEnvironment(files.folder, "compose.yaml")
    .withProjectName(`never${process.pid}`)
    .withWaitStrategy("web", Wait.forLogMessage("NEVER").withStartupTimeout(300))
    .up();
  await expect(up).rejects.toMatchObject({ code: "start-failed", message: expect.stringContaining("NEVER") });
});

test("a container that does not become ready ends in an error with its log, and nothing is left", async () => {
  const broken = `services: {a: {image: ${image}, command: sh -c 'echo no luck; exec sleep 1000'}, b: {image: ${image}, command: sleep 1000}}`;
  await using files = await composeFiles({ "compose.yaml": broken });
  const name = `broken${process.pid}`;
  const { error } = await failureInTime(
    500,
    (limitMs) =>
      new DockerComposeEnvironment(files.folder, "compose.yaml")
        .withProjectName(name)
        .withWaitStrategy("a-1", Wait.forLogMessage("ready"))
        .withStartupTimeout(limitMs)
        .up()
        .then(
          () => expect.fail("it came up"),
          (failure: Error) => failure,
        ),
    ({ message }) => message.includes("no luck"),
  );
  expect(error).toMatchObject({ code: "start-failed", message: expect.stringMatching(/a-1.*no luck/s) });
  expect(await namesOf(name)).toEqual([]);
});

test("when the test process is killed, containers, networks and volumes of its project go", async () => {
  const stateful = `services: {a: {image: ${image}, command: sleep 1000, volumes: ["data:/data"]}}\nvolumes: {data: }`;
  await using files = await composeFiles({ "compose.yaml": stateful });
  const name = `killed${process.pid}`;
  const fixture = join(import.meta.dirname, "../../fixtures/use-compose.cjs");
  const child = spawnTool(process.execPath, [fixture, files.folder, name], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout ?? child, "data");
  const filters = new Map([["label", [`com.docker.compose.project=${name}`]]]);
  const left = async (): Promise<number> => {
    const { networks, volumes } = engine.client;
    return (await namesOf(name)).length + (await networks.list(filters)).length + (await volumes.list(filters)).length;
  };
  expect(await left()).toBe(3);

  child.kill("SIGKILL");

  expect(await waitUntil(async () => (await left()) === 0, 30_000)).toBe(true);
});

test("a bad file is a typed error that names its place", async () => {
  await using files = await composeFiles({ "compose.yaml": "services:\n  web: {imgae: x}\n" });
  await expect(new DockerComposeEnvironment(files.folder, "compose.yaml").up()).rejects.toMatchObject({
    code: "compose-file-invalid",
    evidence: { line: 2, key: "services.web.imgae" },
  });
});

test("options of the program that have no meaning without it are refused when they are given", () => {
  const environment = new DockerComposeEnvironment("/", "compose.yaml");
  expect(() => environment.withClientOptions({ commandOptions: ["--unknown"] })).toThrow(
    /commandOptions: .*--unknown.*no program is run.*executable/,
  );
  expect(() => environment.withClientOptions({ commandOptions: ["--timeout", "soon"] })).toThrow(/number of seconds/);
});

test("options of the program do here what they do there: names, timeouts, new volumes; the look of output is nothing to us", async () => {
  const text = (command: string): string =>
    `services: {a: {image: ${image}, command: ${command}, volumes: [/data], stop_grace_period: 60s}}`;
  await using files = await composeFiles({ "compose.yaml": text("sleep 1000"), "next.yaml": text("sleep 2000") });
  const up = (
    file: string | string[],
    ...commandOptions: string[]
  ): Promise<Runcible.StartedDockerComposeEnvironment> =>
    new DockerComposeEnvironment(files.folder, file)
      .withClientOptions({
        composeOptions: ["--ansi", "never", "--parallel", "5", "-p", `flags${process.pid}`],
        commandOptions: ["-d", ...commandOptions],
      })
      .up();
  const write = (environment: Runcible.StartedDockerComposeEnvironment): Promise<unknown> =>
    environment.getContainer("a-1").exec("touch /data/kept");
  const read = async (environment: Runcible.StartedDockerComposeEnvironment): Promise<string> =>
    (await environment.getContainer("a-1").exec("ls /data")).output;

  await write(await up([]));
  expect(await namesOf(`flags${process.pid}`)).toEqual([`/flags${process.pid}-a-1`]);
  // Without --timeout, each would take its minute.
  expect(await read(await up("next.yaml", "--timeout", "0"))).toBe("kept\n");
  const renewed = await up("compose.yaml", "-t", "0", "-V");
  expect(await read(renewed)).toBe("");
  await renewed.down();
});

test("--abort-on-container-exit: up() comes back when one has ended, and the others are ended", async () => {
  const text = (end: number): string =>
    `services: {a: {image: ${image}, command: sh -c 'echo tried; exit ${end}'}, b: {image: ${image}, command: sleep 1000, stop_grace_period: 0s}}`;
  await using files = await composeFiles({ "good.yaml": text(0), "bad.yaml": text(3) });
  const name = `abort${process.pid}`;
  const up = (file: string): Promise<Runcible.StartedDockerComposeEnvironment> =>
    new DockerComposeEnvironment(files.folder, file)
      .withProjectName(name)
      .withClientOptions({ commandOptions: ["--abort-on-container-exit"] })
      .up();

  const ended = await up("good.yaml");
  expect(() => ended.getContainer("b-1")).toThrow("these are: none");
  expect(await namesOf(name)).toEqual([`/${name}-a-1`, `/${name}-b-1`]);
  await ended.down();

  await expect(up("bad.yaml")).rejects.toMatchObject({
    code: "container-exited",
    message: expect.stringMatching(/service a: .*exit code 3.*tried/s),
  });
  expect(await namesOf(name)).toEqual([]);
});
