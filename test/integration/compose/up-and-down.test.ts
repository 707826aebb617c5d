import { beforeAll, expect, test } from "vitest";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { busyboxImage } from "../api/busybox-image";
import { composeProject } from "./compose-project";

const engine = useEngineOfThisFile();
const image = "runcible-test/busybox:1";
beforeAll(() => busyboxImage());

/** `web-1 running`, for everything of a project that is there. */
async function containersOf(project: string): Promise<string[]> {
  const filters = new Map([["label", [`com.docker.compose.project=${project}`]]]);
  const containers = await engine.client.containers.list({ all: true, filters });
  return containers.map(({ Names, State }) => `${Names[0]?.replace(`/${project}-`, "")} ${State}`).sort();
}

async function idsOf(project: string): Promise<Record<string, string>> {
  const filters = new Map([["label", [`com.docker.compose.project=${project}`]]]);
  const containers = await engine.client.containers.list({ all: true, filters });
  return Object.fromEntries(containers.map(({ Names, Id }) => [Names[0]?.replace(`/${project}-`, "") ?? "", Id]));
}

/** As often as it takes for the server to listen: nobody waits for that. */
const fetched = (...urls: readonly string[]): string =>
  urls.map((url) => `until wget -q -O - ${url} 2>/dev/null; do sleep 0.1; done`).join("; ");

const threeServices = `
services:
  store:
    image: ${image}
    command: sh -c 'test -e /data/greeting || echo stored > /data/greeting; exec httpd -f -p 6379 -h /data'
    volumes: ["data:/data"]
  web:
    image: ${image}
    command: httpd -f -p 80 -h /www
    ports: ["80"]
    healthcheck:
      test: wget -q -O - http://localhost/
      interval: 100ms
      retries: 50
  client:
    image: ${image}
    command: sh -c 'wget -q -O - http://web/ && exec sleep 1000'
    depends_on:
      web: {condition: service_healthy}
      store: {condition: service_started}
volumes:
  data:
`;

test("three services come up in the order of their dependencies, find each other by name, and go again", async () => {
  await using project = await composeProject(engine.client, { "compose.yaml": threeServices });

  await project.up();

  expect(await containersOf(project.name)).toEqual(["client-1 running", "store-1 running", "web-1 running"]);
  expect(await project.exec("client-1", fetched("http://store:6379/greeting"))).toBe("stored");
  await project.down({ stopTimeoutSeconds: 0 });
  expect(await containersOf(project.name)).toEqual([]);
});

test("named volumes outlive down, and go with down -v, which leaves nothing", async () => {
  await using project = await composeProject(engine.client, { "compose.yaml": threeServices });
  await project.up({ services: ["store"] });
  await project.exec("store-1", "until test -s /data/greeting; do sleep 0.1; done; echo changed > /data/greeting");

  await project.down({ stopTimeoutSeconds: 0 });
  await project.up({ services: ["store"] });

  expect(await project.exec("store-1", "cat /data/greeting")).toBe("changed");
  await project.down({ volumes: true, stopTimeoutSeconds: 0 });
  const filters = new Map([["label", [`com.docker.compose.project=${project.name}`]]]);
  expect(await containersOf(project.name)).toEqual([]);
  expect(await engine.client.networks.list(filters)).toEqual([]);
  expect(await engine.client.volumes.list(filters)).toEqual([]);
});

test("a second up changes nothing, one with another setting replaces the container, one without a service leaves it", async () => {
  const files = (greeting: string): Record<string, string> => ({
    "compose.yaml": `
services:
  a: {image: ${image}, command: sleep 1000, stop_grace_period: 0s, environment: {GREETING: ${greeting}}}
  b: {image: ${image}, command: sleep 1000, stop_grace_period: 0s}
`,
  });
  await using project = await composeProject(engine.client, files("one"));
  await project.up();
  const first = await idsOf(project.name);

  await project.up();
  expect(await idsOf(project.name)).toEqual(first);

  await project.write(files("two"));
  await project.up();
  const second = await idsOf(project.name);
  expect(second["b-1"]).toBe(first["b-1"]);
  expect(second["a-1"]).not.toBe(first["a-1"]);
  expect(await project.exec("a-1", "echo $GREETING")).toBe("two");
});

test("scaling adds and removes containers, which share the service's name", async () => {
  const text = `services: {a: {image: ${image}, command: sleep 1000, stop_grace_period: 0s, scale: 2}}`;
  await using project = await composeProject(engine.client, { "compose.yaml": text });

  await project.up();
  expect(await containersOf(project.name)).toEqual(["a-1 running", "a-2 running"]);
  const addresses = await project.exec("a-1", "nslookup a | grep -c '^Address.*: *1'");
  expect(Number(addresses)).toBeGreaterThanOrEqual(2);

  await project.up({ scale: { a: 1 } });
  expect(await containersOf(project.name)).toEqual(["a-1 running"]);
});

test("images are built from a Dockerfile of the context, one outside it, and one in the file itself", async () => {
  const text = `
services:
  own: {build: {context: ./own, args: {WORD: hello}}, command: sleep 1000}
  other: {build: {context: ./own, dockerfile: ../Dockerfile.other}, command: sleep 1000}
  inline:
    build:
      context: ./own
      dockerfile_inline: |
        FROM ${image}
        COPY file /inline
    command: sleep 1000
`;
  const files = {
    "compose.yaml": text,
    "own/Dockerfile": `FROM ${image}\nARG WORD\nRUN echo $WORD > /word\nCOPY . /context\n`,
    "own/.dockerignore": "secret\n",
    "own/file": "content",
    "own/secret": "not for the image",
    "Dockerfile.other": `FROM ${image}\nCOPY file /other\n`,
  };
  await using project = await composeProject(engine.client, files);

  await project.up();

  expect(await project.exec("own-1", "cat /word; ls /context")).toBe("hello\nDockerfile\nfile");
  expect(await project.exec("other-1", "cat /other")).toBe("content");
  expect(await project.exec("inline-1", "cat /inline")).toBe("content");
});

test("services with profiles come up when one of them is active", async () => {
  const text = `
services:
  app: {image: ${image}, command: sleep 1000}
  tool: {image: ${image}, command: sleep 1000, profiles: [debug]}
`;
  await using project = await composeProject(engine.client, { "compose.yaml": text });

  await project.up();
  expect(await containersOf(project.name)).toEqual(["app-1 running"]);
  await project.up({ profiles: ["debug"] });
  expect(await containersOf(project.name)).toEqual(["app-1 running", "tool-1 running"]);
});

test("secrets and configs are files in the container, with mode and owner", async () => {
  const text = `
services:
  app:
    image: ${image}
    command: sleep 1000
    secrets: [token, {source: key, target: /etc/keys/key, mode: 0400, uid: "1000", gid: "1000"}]
    configs: [{source: settings, target: /etc/settings.conf}]
secrets:
  token: {file: ./token.txt}
  key: {environment: KEY}
configs:
  settings: {content: "port=80"}
`;
  const files = { "compose.yaml": text, "token.txt": "s3cret" };
  await using project = await composeProject(engine.client, files, { KEY: "the-k3y-of-the-test" });

  await project.up();

  expect(await project.exec("app-1", "cat /run/secrets/token")).toBe("s3cret");
  expect(await project.exec("app-1", "cat /etc/keys/key; stat -c ' %a %u:%g' /etc/keys/key")).toBe(
    "the-k3y-of-the-test 400 1000:1000",
  );
  expect(await project.exec("app-1", "cat /etc/settings.conf")).toBe("port=80");
  expect(JSON.stringify(project.events)).not.toMatch(/s3cret|the-k3y-of-the-test/);
});

test("a service starts after the one whose work it needs has ended well", async () => {
  const text = `
services:
  prepare: {image: ${image}, command: sh -c 'echo done > /work/result', volumes: ["work:/work"]}
  app:
    image: ${image}
    command: sh -c 'cat /work/result && exec sleep 1000'
    volumes: ["work:/work:ro"]
    depends_on: {prepare: {condition: service_completed_successfully}}
volumes: {work: }
`;
  await using project = await composeProject(engine.client, { "compose.yaml": text });
  await project.up();
  expect(await containersOf(project.name)).toEqual(["app-1 running", "prepare-1 exited"]);
});

test("the error of a failing dependency names it, with its exit code and last log lines, and down clears up", async () => {
  const text = `
services:
  prepare: {image: ${image}, command: sh -c 'echo no such table >&2; exit 3'}
  app:
    image: ${image}
    depends_on: {prepare: {condition: service_completed_successfully}}
`;
  await using project = await composeProject(engine.client, { "compose.yaml": text });

  await expect(project.up()).rejects.toMatchObject({
    code: "container-exited",
    message: expect.stringMatching(/prepare-1 ended with exit code 3.*no such table/s),
  });

  expect(await containersOf(project.name)).toEqual(["app-1 created", "prepare-1 exited"]);
  await project.down();
  expect(await containersOf(project.name)).toEqual([]);
});

test("a container that dies before it is healthy ends the wait at once", async () => {
  const text = `
services:
  db:
    image: ${image}
    command: sh -c 'sleep 0.3; echo out of luck; exit 4'
    healthcheck: {test: "false", interval: 10m}
  app: {image: ${image}, depends_on: {db: {condition: service_healthy}}}
`;
  await using project = await composeProject(engine.client, { "compose.yaml": text });
  await expect(project.up()).rejects.toThrow(/db-1 ended with exit code 4.*out of luck/s);
});

test("an optional dependency that fails is a warning", async () => {
  const text = `
services:
  cache: {image: ${image}, command: "false"}
  app:
    image: ${image}
    command: sleep 1000
    depends_on: {cache: {condition: service_completed_successfully, required: false}}
`;
  await using project = await composeProject(engine.client, { "compose.yaml": text });
  await project.up();
  expect(await containersOf(project.name)).toEqual(["app-1 running", "cache-1 exited"]);
  expect(project.events).toContainEqual({ kind: "warning", text: expect.stringContaining("it is not required") });
});

test("cancelling ends a wait that would never end", async () => {
  const text = `
services:
  db: {image: ${image}, command: sleep 1000, healthcheck: {test: "true", interval: 10m}}
  app: {image: ${image}, depends_on: {db: {condition: service_healthy}}}
`;
  await using project = await composeProject(engine.client, { "compose.yaml": text });
  const cancel = new AbortController();
  const filters = new Map([["event", ["start"]]]);
  const events = await engine.client.events.subscribe({ filters, signal: AbortSignal.timeout(60_000) });
  const up = project.up({ signal: cancel.signal });
  up.catch(() => {});
  for await (const event of events) if (event.Actor.Attributes["name"] === `${project.name}-db-1`) break;
  cancel.abort();
  await expect(up).rejects.toMatchObject({ code: "aborted" });
});

test("a service can share the network of another, and links give it further names", async () => {
  const text = `
services:
  web: {image: ${image}, command: httpd -f -p 80 -h /www, networks: {default: {aliases: [site]}}}
  side: {image: ${image}, command: sleep 1000, network_mode: "service:web"}
  client: {image: ${image}, command: sleep 1000, links: ["web:linked"]}
`;
  await using project = await composeProject(engine.client, { "compose.yaml": text });
  await project.up();
  expect(await project.exec("side-1", fetched("http://localhost/"))).toBe("hello");
  expect(await project.exec("client-1", fetched("http://linked/", "http://site/"))).toBe("hello\nhello");
});
