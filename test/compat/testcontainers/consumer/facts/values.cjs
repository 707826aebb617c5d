// What needs no container.
const library = require(process.env.LIB);
const { fact, report } = require("./facts.cjs");
const { BoundPorts, GenericContainer, ImageName, IntervalRetry, Wait } = library;

const prefix = "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX";
const digest = `sha256:${"a".repeat(64)}`;

/** Those of a value, its class and their bases. */
function methodsOf(value) {
  const names = new Set();
  for (let at = value; at !== Object.prototype && at !== null; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  return [...names].sort();
}

/** Fields, protected ones too, but for functions. */
function stateOf(container) {
  const fields = Object.entries(container).filter(([, value]) => typeof value !== "function");
  return Object.fromEntries(fields.map(([name, value]) => [name, JSON.parse(JSON.stringify(value ?? null))]));
}

async function names() {
  await fact("exports", () => Object.keys(library).sort());
  for (const [name, value] of Object.entries(library)) {
    const shape = typeof value === "function" ? value.prototype : value;
    if (typeof shape === "object") await fact(`methods of ${name}`, () => methodsOf(shape));
  }
}

async function images() {
  const texts = ["redis", "redis:7", "a/b:1", "localhost/x", "r.io:5000/a/b:1", "docker.io/x", "library/x", "x.y/z"];
  texts.push(`redis@${digest}`, `redis:7@${digest}`, `r.io/x@${digest}`, "localhost:5000/x/y:z");
  for (const value of ["", "r.io", "r.io/mirror/", "r.io:5000/a/b", "foo/bar", "mirror", "localhost:5000"]) {
    process.env[prefix] = value;
    await fact(`images with prefix "${value}"`, () =>
      texts.map((text) => {
        const { registry = null, image, tag, string } = ImageName.fromString(text);
        return [registry, image, tag, string];
      }),
    );
    delete process.env[prefix];
  }
  await fact("an image of parts", () => [
    new ImageName(undefined, "i", "t").string,
    new ImageName("r", "i", digest).string,
    new ImageName("r", "i", "t").equals(new ImageName("r", "i", "t")),
    new ImageName("r", "i", "t").equals(new ImageName("r", "i", "u")),
  ]);
}

async function ports() {
  const kinds = [80, "80", "80/tcp", "80/UDP", "80/sctp", "x", { container: 80, host: 0, protocol: "udp" }];
  for (const port of kinds) {
    await fact(`port ${JSON.stringify(port)}`, () => [library.getContainerPort(port), library.hasHostBinding(port)]);
  }
  const bound = new BoundPorts();
  bound.setBinding(1, 1000);
  bound.setBinding(1, 1001, "udp");
  bound.setBinding("2/UDP", 1002);
  bound.setBinding("3", 1003);
  bound.setBinding(4, 0);
  await fact("bound ports", () => [[...bound.iterator()], bound.getFirstBinding(), bound.getBinding("1/UDP", "tcp")]);
  await fact("filtered ports", () => [
    ...bound.filter([{ container: 1, host: 5, protocol: "udp" }, "2/udp"]).iterator(),
  ]);
  for (const port of ["3", 4, 5, "5", "5/UDP"]) await fact(`no binding of ${port}`, () => bound.getBinding(port));
  await fact("no bindings", () => new BoundPorts().getFirstBinding());
  const both = [
    { hostIp: "0.0.0.0", hostPort: 4 },
    { hostIp: "::", hostPort: 6 },
  ];
  const [v4, v6] = [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ];
  const inspected = [
    [[v4], both],
    [[v6, v4], both],
    [[], both],
    [[v4], []],
    [[], [{ hostIp: "", hostPort: 9 }]],
  ];
  for (const [index, [addresses, bindings]] of inspected.entries()) {
    await fact(`inspected ports ${index}`, () => [
      ...BoundPorts.fromInspectResult(addresses, { ports: { "80/tcp": bindings } }).iterator(),
    ]);
  }
}

async function utilities() {
  const retry = new IntervalRetry(1);
  const count = async (attempt) => attempt;
  await fact("a retry without time", () =>
    retry.retryUntil(
      count,
      () => false,
      () => "over",
      0,
    ),
  );
  const fail = (word) => () => {
    throw new RangeError(word);
  };
  await fact("a retry of what throws", () =>
    retry.retryUntil(
      async () => fail("x")(),
      () => true,
      () => "over",
      5,
    ),
  );
  await fact("a retry whose end throws", () =>
    retry.retryUntil(
      async () => 1,
      () => false,
      fail("late"),
      5,
    ),
  );
  const { PullPolicy } = library;
  await fact("pull policies", () => [PullPolicy.defaultPolicy().shouldPull(), PullPolicy.alwaysPull().shouldPull()]);
  await fact("identifiers", () =>
    [new library.RandomUuid().nextUuid(), library.randomUuid()].map((id) => /^[\da-f]{12}$/.test(id)),
  );
  await fact("label", () => library.LABEL_TESTCONTAINERS_SESSION_ID);
}

async function waits() {
  const strategies = {
    ports: Wait.forListeningPorts(),
    log: Wait.forLogMessage("x"),
    health: Wait.forHealthCheck(),
    http: Wait.forHttp("/", 80),
    command: Wait.forSuccessfulCommand("x"),
    once: Wait.forOneShotStartup(),
    all: Wait.forAll([]),
  };
  for (const [name, wait] of Object.entries(strategies)) {
    const limit = () => [wait.getStartupTimeout(), wait.isStartupTimeoutSet()];
    await fact(`time limit of ${name}`, () => [...limit(), wait.withStartupTimeout(5) === wait, ...limit()]);
  }
  await fact("time limit of several", () => {
    const inner = [Wait.forLogMessage("a"), Wait.forLogMessage("b").withStartupTimeout(7)];
    Wait.forAll([...inner, Wait.forAll([])]).withStartupTimeout(9);
    return inner.map((wait) => wait.getStartupTimeout());
  });
}

async function requests() {
  const network = { getName: () => "net" };
  const copy = { source: "/s", target: "/t" };
  await fact("a new request", () => stateOf(new GenericContainer("redis:7")));
  await fact("a request of everything", () =>
    stateOf(
      new GenericContainer("redis:7")
        .withCommand(["a", "b"])
        .withEntrypoint(["e"])
        .withName("nn")
        .withLabels({ a: "1" })
        .withLabels({ b: "2" })
        .withEnvironment({ A: "1", "b.c": "2" })
        .withEnvironment({ A: "3" })
        .withPlatform("linux/amd64")
        .withTmpFs({ "/t": "rw" })
        .withTmpFs({ "/u": "ro" })
        .withUlimits({ nofile: { hard: 5, soft: 4 } })
        .withSecurityOpt("s1", "s2")
        .withAddedCapabilities("NET_ADMIN")
        .withDroppedCapabilities("CHOWN")
        .withNetwork(network)
        .withNetworkAliases("x")
        .withNetworkAliases("y")
        .withExtraHosts([{ host: "h", ipAddress: "1.2.3.4" }])
        .withExposedPorts(80, { container: 81, host: 8081 }, "82/udp", { container: 83, host: 83, protocol: "udp" })
        .withBindMounts([{ source: "/a", target: "/b" }])
        .withBindMounts([{ source: "/c", target: "/d", mode: "ro" }])
        .withHealthCheck({ test: ["CMD-SHELL", "x"], interval: 1000, timeout: 2, retries: 3, startPeriod: 4 })
        .withStartupTimeout(5)
        .withDefaultLogDriver()
        .withPrivilegedMode()
        .withUser("u")
        .withReuse()
        .withAutoCleanup(false)
        .withAutoRemove(false)
        .withIpcMode("host")
        .withWorkingDir("/w")
        .withResourcesQuota({ memory: 0.5, cpu: 1.5 })
        .withSharedMemorySize(1024)
        .withHostname("hn")
        .withCopyToContainerOptions({ copyUIDGID: true })
        .withCopyToContainerOptions({ noOverwriteDirNonDir: true })
        .withCopyFilesToContainer([copy])
        .withCopyDirectoriesToContainer([{ ...copy, mode: 0o777 }])
        .withCopyContentToContainer([{ content: "c", target: "/t" }]),
    ),
  );
  await fact("a health check of little", () =>
    stateOf(new GenericContainer("redis:7").withHealthCheck({ test: ["CMD", "x"] })),
  );
  await fact("a quota that replaces one", () =>
    stateOf(new GenericContainer("redis:7").withResourcesQuota({ memory: 1, cpu: 1 }).withResourcesQuota({ cpu: 0.1 })),
  );
  await fact("exposed ports", () => {
    const container = new GenericContainer("redis:7").withExposedPorts(80, "81/udp");
    return [80, "80/udp", "81/udp", { container: 81, host: 1, protocol: "udp" }].map((port) =>
      container.hasExposedPort(port),
    );
  });
}

report(names, images, ports, utilities, waits, requests);
