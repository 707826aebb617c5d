// Waits, in vain and not, and what comes before them.
const { GenericContainer, getContainerRuntimeClient, StartupCheckStrategy, Wait } = require(process.env.LIB);
const { fact, named, report, seenIn, shell, sleeper } = require("./facts.cjs");

class Check extends StartupCheckStrategy {
  constructor(status) {
    super();
    this.status = status;
  }

  async checkStartupState(docker, id) {
    const { State } = await docker.getContainer(id).inspect();
    return State.Running ? this.status : "PENDING";
  }
}

const own = (waitUntilReady) => ({
  waitUntilReady,
  withStartupTimeout() {
    return this;
  },
});

const httpd = () => shell("exec httpd -f -p 80 -h /www").withExposedPorts(80);
const failing = { test: ["CMD-SHELL", "exit 1"], interval: 100, timeout: 1000 };

const inVain = {
  "log message": () => sleeper().withWaitStrategy(Wait.forLogMessage("never")).withStartupTimeout(300),
  "log expression": () =>
    sleeper()
      .withWaitStrategy(Wait.forLogMessage(/nev[e]r/i))
      .withStartupTimeout(300),
  "log message, twice": () =>
    shell("echo one; sleep 1000").withWaitStrategy(Wait.forLogMessage("one", 2)).withStartupTimeout(600),
  "log of what ends": () => shell("echo hi").withWaitStrategy(Wait.forLogMessage("never")),
  health: () =>
    sleeper()
      .withHealthCheck({ ...failing, retries: 1000 })
      .withStartupTimeout(600),
  "health that fails": () => sleeper().withHealthCheck({ ...failing, retries: 1 }),
  command: () => sleeper().withWaitStrategy(Wait.forSuccessfulCommand("exit 4")).withStartupTimeout(500),
  "one shot": () => shell("exit 2").withWaitStrategy(Wait.forOneShotStartup()),
  "one shot that goes on": () => sleeper().withWaitStrategy(Wait.forOneShotStartup()).withStartupTimeout(300),
  http: () => httpd().withWaitStrategy(Wait.forHttp("/missing", 80)).withStartupTimeout(1000),
  "http of what ends": () =>
    shell("echo '  1 '; echo; echo 2; sleep 0.3")
      .withExposedPorts(80)
      .withWaitStrategy(Wait.forHttp("/", 80, { abortOnContainerExit: true })),
  ports: () => sleeper().withExposedPorts(80).withStartupTimeout(500),
  deadline: () => sleeper().withWaitStrategy(Wait.forAll([Wait.forLogMessage("never")]).withDeadline(300)),
  "one of several": () =>
    sleeper().withWaitStrategy(
      Wait.forAll([Wait.forLogMessage("never").withStartupTimeout(200), Wait.forLogMessage("other")]),
    ),
  "check that fails": () => sleeper().withWaitStrategy(new Check("FAIL")),
  "check that pends": () => sleeper().withWaitStrategy(new Check("PENDING")).withStartupTimeout(300),
  "strategy of the user's": () =>
    sleeper().withWaitStrategy(
      own(async () => {
        throw new RangeError("mine");
      }),
    ),
  "file that is missing": () => sleeper().withCopyFilesToContainer([{ source: "/nope", target: "/x" }]),
};

const ready = {
  "ports, by default": (request) => request,
  http: (request) => request.withWaitStrategy(Wait.forHttp("/", 80).withMethod("HEAD")),
  "http with predicates": (request) =>
    request.withWaitStrategy(
      Wait.forHttp("/", 80)
        .forStatusCodeMatching((status) => status === 200)
        .forResponsePredicate((body) => body === "hello\n"),
    ),
  "http, what has to be encoded": (request) =>
    request.withWaitStrategy(Wait.forHttp("/?a b=ö#c", 80).forStatusCode(200)),
  "http, a query alone": (request) => request.withWaitStrategy(Wait.forHttp("?a", 80).forStatusCode(200)),
  "http 404": (request) => request.withWaitStrategy(Wait.forHttp("/nope", 80).forStatusCode(404)),
  "http, the body of a 404": (request) =>
    request.withWaitStrategy(Wait.forHttp("/nope", 80).forResponsePredicate((body) => body.includes("404"))),
  "health, by default": (request) => request.withHealthCheck({ test: ["CMD-SHELL", "true"], interval: 200 }),
  all: (request) => request.withWaitStrategy(Wait.forAll([Wait.forListeningPorts(), Wait.forHttp("/", 80)])),
  check: (request) => request.withWaitStrategy(new Check("SUCCESS")),
  "strategy of the user's": (request) => request.withWaitStrategy(own(async () => {})).withStartupTimeout(5),
};

const lines = {
  "flags of an expression": ["echo ab; echo ab; sleep 1000", /ab/g, 2],
  "lines of a terminal": ["printf 'ready\\r\\n'; sleep 1000", /^ready$/],
  "standard error": ["echo ready >&2; sleep 1000", "ready"],
};

async function hooks() {
  const calls = [];
  class Hooked extends GenericContainer {
    async beforeContainerCreated() {
      calls.push("before");
      this.withEnvironment({ H: "1" });
      this.createOpts.Env.push("I=2");
      this.hostConfig.ShmSize = 2 ** 20;
    }

    async containerCreated(id) {
      const { container } = await getContainerRuntimeClient();
      calls.push(["created", (await container.getById(id).inspect()).State.Status]);
    }

    async containerStarting(inspect, reused) {
      calls.push(["starting", Object.keys(inspect).sort(), inspect.state.running, reused]);
    }

    async containerStarted(container, inspect, reused) {
      const { output } = await container.exec([
        "sh",
        "-c",
        "echo $H$I; df -k /dev/shm | tail -n 1 | awk '{report $2}'",
      ]);
      calls.push(["started", inspect.name === container.getName(), reused, output]);
    }
  }
  const request = () => new Hooked(process.env.IMAGE).withCommand(["sleep", "1000"]);
  await fact("hooks", () => seenIn(request(), () => calls.splice(0)));
  const reusable = () => request().withName(named("hooks")).withReuse();
  await fact("hooks of reuse", () =>
    seenIn(reusable(), async () => {
      calls.splice(0);
      await reusable().start();
      return calls;
    }),
  );
}

async function choice() {
  const client = await getContainerRuntimeClient();
  const kind = (wait) => Object.keys(known).find((name) => known[name].constructor === wait.constructor);
  const known = { ports: Wait.forListeningPorts(), health: Wait.forHealthCheck(), log: Wait.forLogMessage("x") };
  const requests = {
    nothing: sleeper(),
    "health check": sleeper().withHealthCheck({ test: ["CMD-SHELL", "true"], interval: 100 }),
    "no health check": sleeper().withHealthCheck({ test: ["NONE"] }),
  };
  for (const [name, request] of Object.entries(requests)) {
    await fact(`chosen for ${name}`, () =>
      seenIn(request, async (container) => {
        const inspect = await client.container.getById(container.getId()).inspect();
        const given = await request.selectWaitStrategy(client, inspect, known.log);
        return [kind(await request.selectWaitStrategy(client, inspect)), kind(given)];
      }),
    );
  }
}

async function main() {
  for (const [name, request] of Object.entries(inVain))
    await fact(`in vain: ${name}`, () =>
      request()
        .start()
        .then(() => {}),
    );
  for (const [name, make] of Object.entries(ready)) {
    await fact(`ready: ${name}`, () =>
      seenIn(
        make(httpd()),
        async (started) => (await fetch(`http://${started.getHost()}:${started.getMappedPort(80)}/`)).status,
      ),
    );
  }
  for (const [name, [script, message, times]] of Object.entries(lines)) {
    await fact(`log: ${name}`, () =>
      seenIn(shell(script).withWaitStrategy(Wait.forLogMessage(message, times)), () => "ready"),
    );
  }
  await hooks();
  await choice();
}

report(main);
