import { describe, expect, test } from "vitest";
import { DockerComposeEnvironment, GenericContainer, SocatContainer, Wait } from "../../../src/index";

/** As a caller in JavaScript may write it. */
// biome-ignore lint/suspicious/noExplicitAny: what no type would let through is what is tested
const given = (value: unknown): any => value;
const container = (): GenericContainer => new GenericContainer("image:1");
const compose = (): DockerComposeEnvironment => new DockerComposeEnvironment(".", "compose.yaml");

const mistakes: readonly (readonly [shown: string, call: () => unknown])[] = [
  ["the image", () => new GenericContainer("")],
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
  ["the build context", () => GenericContainer.fromDockerfile("")],
  ["the build arguments: A", () => GenericContainer.fromDockerfile(".").withBuildArgs(given({ A: null }))],
  ["the use of the cache", () => GenericContainer.fromDockerfile(".").withCache(given("no"))],
  ["the target", () => GenericContainer.fromDockerfile(".").withTarget("")],
  ["the target's port", () => new SocatContainer().withTarget(1, "a", 0)],
  ["the log message", () => Wait.forLogMessage("")],
  ["how often", () => Wait.forLogMessage("a", 0)],
  ['"health"', () => Wait.forHttp("health", 80)],
  ["the port to wait for", () => Wait.forHttp("/", -80)],
  ["the status code", () => Wait.forHttp("/", 80).forStatusCode(20)],
  ["the read timeout", () => Wait.forHttp("/", 80).withReadTimeout(0)],
  ["the predicate of the body", () => Wait.forHttp("/", 80).forResponsePredicate(given("ok"))],
  ["the command to wait for", () => Wait.forSuccessfulCommand("")],
  ["a strategy to wait for", () => Wait.forAll([given(undefined)])],
  ["the deadline", () => Wait.forAll([]).withDeadline(-1)],
  ["the startup timeout: -2", () => Wait.forHealthCheck().withStartupTimeout(-2)],
  ["the folder of compose files", () => new DockerComposeEnvironment("", "compose.yaml")],
  ["the project name", () => compose().withProjectName("")],
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
