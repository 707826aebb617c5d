import { statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkedImage } from "../../../src/api/image/image-name";
import { DockerComposeEnvironment, GenericContainer, ImageName, SocatContainer, Wait } from "../../../src/index";

/** As a caller in JavaScript may write it. */
// biome-ignore lint/suspicious/noExplicitAny: what no type would let through is what is tested
const given = (value: unknown): any => value;
const container = (): GenericContainer => new GenericContainer("image:1");
const compose = (): DockerComposeEnvironment => new DockerComposeEnvironment(".", "compose.yaml");

const itself = container();

const mistakes: readonly (readonly [shown: string, call: () => unknown])[] = [
  ["the image", () => new GenericContainer(given(undefined))],
  ["the command", () => container().withCommand(given("sleep 1"))],
  ["the entrypoint", () => container().withEntrypoint(given([1]))],
  ['"has space"', () => container().withName("has space")],
  ['"x"', () => container().withName("x")],
  ["the labels: a", () => container().withLabels(given({ a: undefined }))],
  ["the environment: A", () => container().withEnvironment(given({ A: undefined }))],
  ['"A=B"', () => container().withEnvironment({ "A=B": "c" })],
  ["the platform", () => container().withPlatform("")],
  ['"tmp"', () => container().withTmpFs({ tmp: "rw" })],
  ["the hard limit of nofile", () => container().withUlimits({ nofile: { hard: -2, soft: 1 } })],
  ["the security options", () => container().withSecurityOpt("")],
  ["the added capabilities", () => container().withAddedCapabilities(given(1))],
  ["the dropped capabilities", () => container().withDroppedCapabilities("")],
  ["getName", () => container().withNetwork(given({}))],
  ["the network mode", () => container().withNetworkMode("")],
  ["a network alias", () => container().withNetworkAliases("a b")],
  ['"1.2.3"', () => container().withExtraHosts([{ host: "a", ipAddress: "1.2.3" }])],
  ["65536", () => container().withExposedPorts(65_536)],
  ["0 is not a port", () => container().withExposedPorts(0)],
  ["80/sctp", () => container().withExposedPorts(given("80/sctp"))],
  ["-1", () => container().withExposedPorts({ container: 80, host: -1 })],
  ["an alias port: 0", () => container().withAliasPorts({ container: 80, host: 0 })],
  ["an alias port: undefined", () => container().withAliasPorts(given({ container: 80 }))],
  ['"data"', () => container().withBindMounts([{ source: "/tmp", target: "data" }])],
  ["rw, ro, z, Z", () => container().withBindMounts([{ source: "/tmp", target: "/data", mode: given("w") }])],
  ["the kind of the health check", () => container().withHealthCheck({ test: given(["true"]) })],
  ["the retries", () => container().withHealthCheck({ test: ["CMD", "true"], retries: -1 })],
  ["a time of the health check", () => container().withHealthCheck({ test: ["CMD", "true"], interval: -5 })],
  ["the startup timeout: -1", () => container().withStartupTimeout(-1)],
  ["the startup timeout: NaN", () => container().withStartupTimeout(Number.NaN)],
  ["waitUntilReady", () => container().withWaitStrategy(given(60))],
  ["the user", () => container().withUser("")],
  ["auto cleanup", () => container().withAutoCleanup(given("false"))],
  ["auto remove", () => container().withAutoRemove(given(0))],
  ["shouldPull", () => container().withPullPolicy(given(true))],
  ["the IPC mode", () => container().withIpcMode("")],
  ['"etc/a"', () => container().withCopyFilesToContainer([{ source: "a", target: "etc/a" }])],
  ["the source of a copy", () => container().withCopyFilesToContainer([{ source: "", target: "/a" }])],
  [
    "the mode of the copy",
    () => container().withCopyDirectoriesToContainer([{ source: "a", target: "/a", mode: 99_999 }]),
  ],
  ["the content of /a", () => container().withCopyContentToContainer([{ content: given(1), target: "/a" }])],
  ["pipe", () => container().withCopyArchivesToContainer([{ tar: given("a.tar"), target: "/" }])],
  ["the options of copies", () => container().withCopyToContainerOptions(given(true))],
  ['"app"', () => container().withWorkingDir("app")],
  ["the memory quota", () => container().withResourcesQuota({ memory: 0 })],
  ["the CPU quota", () => container().withResourcesQuota({ cpu: -1 })],
  ["shared memory", () => container().withSharedMemorySize(0.5)],
  ["the log consumer", () => container().withLogConsumer(given({}))],
  ["the host name", () => container().withHostname("a b")],
  ["a port to expose: undefined", () => container().withExposedPorts(given(undefined))],
  ["a port to expose: null", () => container().withExposedPorts(given(null))],
  ['"sctp"', () => container().withExposedPorts(given({ container: 80, host: 1, protocol: "sctp" }))],
  ["a port to expose: undefined", () => container().withAliasPorts(given(undefined))],
  ["the health check: undefined", () => container().withHealthCheck(given(undefined))],
  ["the ulimit nofile: undefined", () => container().withUlimits(given({ nofile: undefined }))],
  ["the ulimit nofile: 1024", () => container().withUlimits(given({ nofile: 1024 }))],
  ["the ulimit nofile", () => container().withUlimits({ nofile: { hard: undefined, soft: undefined } })],
  ['"bogus"', () => container().withUlimits({ bogus: { hard: 1, soft: 1 } })],
  ["the soft limit of nofile: 5", () => container().withUlimits({ nofile: { hard: 4, soft: 5 } })],
  ["the soft limit of nofile: -1", () => container().withUlimits({ nofile: { hard: 4, soft: -1 } })],
  ["an extra host: null", () => container().withExtraHosts(given([null]))],
  ["a bind mount: null", () => container().withBindMounts(given([null]))],
  ['"./data"', () => container().withBindMounts([{ source: "./data", target: "/data" }])],
  ['"/a:b"', () => container().withBindMounts([{ source: "/a:b", target: "/data" }])],
  ['"/b:c"', () => container().withBindMounts([{ source: "/tmp", target: "/b:c" }])],
  ['"/" is not', () => container().withBindMounts([{ source: "/tmp", target: "/" }])],
  ["what to copy: null", () => container().withCopyFilesToContainer(given([null]))],
  ["what to copy: undefined", () => container().withCopyDirectoriesToContainer(given([undefined]))],
  ["the content to copy: null", () => container().withCopyContentToContainer(given([null]))],
  ["an archive to copy: null", () => container().withCopyArchivesToContainer(given([null]))],
  ['"/etc/"', () => container().withCopyContentToContainer([{ content: "a", target: "/etc/" }])],
  ["copyUIDGID", () => container().withCopyToContainerOptions(given({ copyUIDGID: "yes" }))],
  ["the resources quota: undefined", () => given(container()).withResourcesQuota()],
  ['the added capabilities: "NOT_A_CAP"', () => container().withAddedCapabilities("NOT_A_CAP")],
  ['the dropped capabilities: "NET ADMIN"', () => container().withDroppedCapabilities("ALL", "NET ADMIN")],
  ['"bogus mode"', () => container().withIpcMode("bogus mode")],
  ['the IPC mode: "container:"', () => container().withIpcMode("container:")],
  ['the network mode: "container:"', () => container().withNetworkMode("container:")],
  ['the network mode: " "', () => container().withNetworkMode(" ")],
  ['"a:b"', () => container().withHostname("a:b")],
  ['"hhhh', () => container().withHostname("h".repeat(65))],
  ["the environment: A", () => container().withEnvironment({ A: "b\0c" })],
  ['"a b"', () => container().withUser("a b")],
  ['"a:b:c"', () => container().withUser("a:b:c")],
  ['"bogus"', () => container().withPlatform("bogus")],
  ['"bogus"', () => GenericContainer.fromDockerfile(".").withPlatform("bogus")],
  ['"image:1" is not another one', () => itself.dependsOn(itself)],
  [
    "the startup timeout: 5",
    () =>
      container()
        .withStartupTimeout(5)
        .withWaitStrategy(given({ waitUntilReady: async () => {} })),
  ],
  [
    "the startup timeout: 5",
    () =>
      container()
        .withWaitStrategy(given({ waitUntilReady: async () => {} }))
        .withStartupTimeout(5),
  ],
  ["the startup timeout: 5", () => Wait.forAll([given({ waitUntilReady: async () => {} })]).withStartupTimeout(5)],
  ['"G T"', () => Wait.forHttp("/", 80).withMethod("G T")],
  ["the headers: a b", () => Wait.forHttp("/", 80).withHeaders({ "a b": "c" })],
  ["the headers: a", () => Wait.forHttp("/", 80).withHeaders({ a: "b\nc" })],
  ["the user's name: undefined", () => Wait.forHttp("/", 80).withBasicCredentials(given(undefined), "a")],
  ['"a:b"', () => Wait.forHttp("/", 80).withBasicCredentials("a:b", "c")],
  ['the password: "undefined"', () => Wait.forHttp("/", 80).withBasicCredentials("a", given(undefined))],
  ["the build context", () => GenericContainer.fromDockerfile("")],
  ["the build arguments: A", () => GenericContainer.fromDockerfile(".").withBuildArgs(given({ A: null }))],
  ["the use of the cache", () => GenericContainer.fromDockerfile(".").withCache(given("no"))],
  ["the target", () => GenericContainer.fromDockerfile(".").withTarget("")],
  ["the target's port", () => new SocatContainer().withTarget(1, "a", 0)],
  ["the log message", () => Wait.forLogMessage("")],
  ["how often", () => Wait.forLogMessage("a", 0)],
  ['"health"', () => Wait.forHttp("health", 80)],
  ["the path to wait for: undefined", () => Wait.forHttp(given(undefined), 80)],
  ["the port to wait for", () => Wait.forHttp("/", -80)],
  ["the status code", () => Wait.forHttp("/", 80).forStatusCode(20)],
  ["the read timeout", () => Wait.forHttp("/", 80).withReadTimeout(0)],
  ["the predicate of the body", () => Wait.forHttp("/", 80).forResponsePredicate(given("ok"))],
  ["the command to wait for", () => Wait.forSuccessfulCommand("")],
  ["a strategy to wait for", () => Wait.forAll([given(undefined)])],
  ["the deadline", () => Wait.forAll([]).withDeadline(-1)],
  ["the startup timeout: -2", () => Wait.forHealthCheck().withStartupTimeout(-2)],
  ["the folder of compose files", () => new DockerComposeEnvironment("", "compose.yaml")],
  ["the compose files", () => new DockerComposeEnvironment(".", given(undefined))],
  ["the compose files", () => new DockerComposeEnvironment(".", given(["compose.yaml", null]))],
  ["the project name", () => compose().withProjectName("")],
  ['"Bad Name!"', () => compose().withProjectName("Bad Name!")],
  ["commandOptions", () => compose().withClientOptions({ commandOptions: given("--build") })],
  ["the compose program", () => compose().withClientOptions({ executable: given("docker-compose") })],
  ["executablePath", () => compose().withClientOptions({ executable: given({}) })],
  [
    "the options of the compose program",
    () => compose().withClientOptions({ executable: given({ executablePath: "docker", options: "-D" }) }),
  ],
  ["the wait strategy of web-1", () => compose().withWaitStrategy("web-1", given({}))],
  ["the profiles", () => compose().withProfiles("")],
];

describe("a mistake is an error where it is made", () => {
  test.each(mistakes)("%s", (shown, call) => {
    expect(call).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(shown) }),
    );
  });
});

test("numbers and booleans of JavaScript are texts in an environment", () => {
  class Seen extends GenericContainer {
    get seen(): unknown {
      return [this.environment, this.createOpts.Env];
    }
  }

  const { seen } = new Seen("image:1").withEnvironment(given({ PORT: 80, DEBUG: true }));

  expect(seen).toEqual([{ PORT: "80", DEBUG: "true" }, ["PORT=80", "DEBUG=true"]]);
});

test("paths of Windows, fixed ports, and strategies of users that only wait are fine", () => {
  const strategy = given({ waitUntilReady: async () => {} });

  expect(() =>
    container()
      .withCopyContentToContainer([{ content: "a", target: "\\etc\\a" }])
      .withExposedPorts({ container: 80, host: 0 }, "53/udp")
      .withWaitStrategy(Wait.forAll([strategy]))
      .withStartupTimeout(0),
  ).not.toThrow();
});

test("an empty image name, as of a variable that is not set, is refused at the start as well", async () => {
  const refusal = { code: "invalid-reference", message: expect.stringContaining('":latest"') };

  await expect(new GenericContainer("").start()).rejects.toMatchObject(refusal);
});

test.each([
  "Foo Bar",
  "a:b:c",
  "Postgres:16",
  "redis:7:8",
  "a//b",
  "a:",
  "host:x/a",
  "redis@sha256:short",
  "a".repeat(2_000),
])("%s is no image", async (name) => {
  const refusal = expect.objectContaining({
    code: "invalid-reference",
    message: expect.stringContaining(`"${name.slice(0, 100)}`),
  });

  const container = new GenericContainer(name);
  await expect(container.start()).rejects.toThrow(refusal);
  await expect(GenericContainer.fromDockerfile(".").build(name)).rejects.toThrow(refusal);
});

test.each([
  ...["redis", "redis:7", "a/b-c/d__e.f:1.2-X", "localhost/x:1", "R.io:5000/a/b:1", "[::1]:5000/a", "Host/a:1"],
  ...[
    "b".repeat(64),
    `sha256:${"a".repeat(64)}`,
    `redis@sha256:${"a".repeat(64)}`,
    `r.io/a:1@sha256:${"a".repeat(64)}`,
  ],
])("%s is an image", (name) => {
  expect(() => checkedImage(ImageName.fromString(name).string, "the image")).not.toThrow();
});

/** What Docker takes, and programs use. */
const legal: readonly (readonly [name: string, call: () => unknown])[] = [
  ["capabilities", () => container().withAddedCapabilities("NET_ADMIN", "CAP_SYS_PTRACE", "net_raw")],
  ["all capabilities", () => container().withAddedCapabilities("ALL").withDroppedCapabilities("all")],
  ["users", () => ["app", "1000", "1000:1000", "app:group", "0:", ":5"].map((user) => container().withUser(user))],
  ["host names", () => container().withHostname("a-b_c.example.org").withHostname("h".repeat(63))],
  ["values of several lines", () => container().withEnvironment({ KEY: "-----BEGIN\n\tb=c\n", EMPTY: "" })],
  ["volumes by name, paths of Windows", () => container().withBindMounts([bind("data"), bind("C:\\data"), bind("/")])],
  ["limits", () => container().withUlimits({ nofile: both(5, 5), memlock: both(-1, -1), CORE: both(-1, 0) })],
  ["one limit", () => container().withUlimits({ nofile: both(5), nproc: both(undefined, 5) })],
  ["network modes", () => ["host", "none", "my net", "container:abc"].map((mode) => container().withNetworkMode(mode))],
  [
    "IPC modes",
    () => ["host", "none", "private", "shareable", "container:a_b"].map((mode) => container().withIpcMode(mode)),
  ],
  [
    "platforms",
    () => ["linux", "arm64", "linux/arm/v7", "linux/x"].map((platform) => container().withPlatform(platform)),
  ],
  ["ports", () => container().withExposedPorts(given("80/TCP"), given({ container: 5, protocol: "UDP" }))],
  [
    "modes of files, and what stat says of one",
    () => {
      for (const mode of [0o644, 666, 777, 0o4755, 0o100644, statSync(__filename).mode]) {
        container().withCopyFilesToContainer([{ source: "a", target: "/a", mode }]);
      }
    },
  ],
  [
    "options of compose, one by one or with their values",
    () =>
      compose().withClientOptions({ commandOptions: ["--build", ["--timeout", "5"]], composeOptions: [["-p", "x"]] }),
  ],
  ["methods", () => Wait.forHttp("/", 80).withMethod("PROPFIND").withMethod("get").withHeaders({ "X-a": "" })],
  ["what follows a host in a URL", () => Wait.forAll(["", "?full=1", "/a b#c"].map((path) => Wait.forHttp(path, 80)))],
  ["credentials", () => Wait.forHttp("/", 80).withBasicCredentials("", "p:w").withBasicCredentials("a", "")],
  [
    "options of copies",
    () => container().withCopyToContainerOptions({ copyUIDGID: undefined, noOverwriteDirNonDir: true }),
  ],
];

test.each(legal)("what Docker takes is fine: %s", (_name, call) => {
  expect(call).not.toThrow();
});

function bind(source: string): { source: string; target: string } {
  return { source, target: "/data" };
}

function both(hard?: number, soft?: number): { hard: number | undefined; soft: number | undefined } {
  return { hard, soft };
}
