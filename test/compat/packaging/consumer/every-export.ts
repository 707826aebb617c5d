// Uses every export as users do; compiled, never run.
import {
  AbstractStartedContainer,
  AbstractStoppedContainer,
  BoundPorts,
  type BuildOptions,
  type CommitOptions,
  type ContainerEvent,
  ContainerRuntimeClient,
  type Content,
  type CopyToContainerOptions,
  DockerComposeEnvironment,
  DownedDockerComposeEnvironment,
  type EnvironmentOf,
  type ExecOptions,
  type ExecResult,
  GenericContainer,
  GenericContainerBuilder,
  getContainerPort,
  getContainerRuntimeClient,
  getReaper,
  type HostImageOptions,
  type HttpWaitStrategyOptions,
  hasHostBinding,
  ImageName,
  type ImagePullPolicy,
  type InspectResult,
  IntervalRetry,
  isRuncibleError,
  LABEL_TESTCONTAINERS_SESSION_ID,
  log,
  Network,
  type PortGenerator,
  type PortWithBinding,
  type PortWithOptionalBinding,
  type PublishedAddress,
  PullPolicy,
  RandomPortGenerator,
  RandomUuid,
  type Reaper,
  type ReservedPort,
  type RestartOptions,
  type Retry,
  RuncibleError,
  randomUuid,
  reservePort,
  SocatContainer,
  type Startable,
  StartedDockerComposeEnvironment,
  StartedNetwork,
  type StartedOf,
  StartedSocatContainer,
  type StartedTestContainer,
  StartupCheckStrategy,
  type StartupStatus,
  type StopOptions,
  StoppedDockerComposeEnvironment,
  StoppedNetwork,
  type StoppedTestContainer,
  type TestContainer,
  TestContainers,
  type Uuid,
  Wait,
  type WaitStrategy,
  waitForContainer,
} from "runcible";

class StartedService extends AbstractStartedContainer {
  getUrl(): string {
    return `http://${this.getHost()}:${this.startedTestContainer.getMappedPort(80)}`;
  }

  protected override async containerStopped(): Promise<void> {
    log.info("stopped", { containerId: this.getId() });
  }

  override async stop(options?: Partial<StopOptions>): Promise<StoppedTestContainer> {
    return new StoppedService(await super.stop(options));
  }
}

class StoppedService extends AbstractStoppedContainer {
  readonly kind = "service";
}

class ServiceContainer extends GenericContainer {
  readonly port: PortWithOptionalBinding = { container: 80, host: 8080 } satisfies PortWithBinding;

  constructor(image = "service:1") {
    super(image);
    this.withExposedPorts(this.port, "53/udp").withWaitStrategy(Wait.forHttp("/", 80).forStatusCode(200));
  }

  protected override async beforeContainerCreated(): Promise<void> {
    this.hostConfig.DeviceRequests = [];
    this.createOpts.Env = (this.createOpts.Env ?? []).filter((pair) => !pair.startsWith("OLD="));
    if (hasHostBinding(this.port)) this.withEnvironment({ PORT: String(getContainerPort(this.port)) });
  }

  protected override async containerStarted(
    container: StartedTestContainer,
    inspectResult: InspectResult,
    reused: boolean,
  ): Promise<void> {
    const { output, exitCode }: ExecResult = await container.exec("true", execOptions);
    if (exitCode !== 0 || reused) throw new Error(`${inspectResult.name}: ${output}`);
  }

  override async start(): Promise<StartedService> {
    return new StartedService(await super.start());
  }
}

const execOptions: Partial<ExecOptions> = { workingDir: "/", user: "root", env: { A: "1" } };
const restartOptions: RestartOptions = { timeout: 1_000 };
const commitOptions: CommitOptions = { repo: "service", tag: "2", deleteOnExit: true, changes: ["ENV A=1"] };
const httpOptions: HttpWaitStrategyOptions = { abortOnContainerExit: true };
const copyOptions: CopyToContainerOptions = { copyUIDGID: true };
const content: Content = Buffer.from("content");
const never: ImagePullPolicy = { shouldPull: () => false };
const ids: Uuid = new RandomUuid();
const ports: PortGenerator = new RandomPortGenerator();
const retry: Retry<number, undefined> = new IntervalRetry<number, undefined>(10);

class AlwaysUp extends StartupCheckStrategy {
  async checkStartupState(): Promise<StartupStatus> {
    return "SUCCESS";
  }
}

const strategies: WaitStrategy[] = [
  Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage(/ready/, 2)]).withDeadline(1_000),
  Wait.forHealthCheck().withStartupTimeout(1_000),
  Wait.forSuccessfulCommand("true"),
  Wait.forOneShotStartup(),
  Wait.forHttp("/", 80, httpOptions).withBasicCredentials("user", "password").usingTls().allowInsecure(),
  new AlwaysUp(),
];

export async function useEverything(): Promise<void> {
  const network: StartedNetwork = await new Network(ids).start();
  const request: TestContainer = new ServiceContainer()
    .withNetwork(network)
    .withPullPolicy(never)
    .withPullPolicy(PullPolicy.alwaysPull())
    .withCopyToContainerOptions(copyOptions)
    .withCopyContentToContainer([{ content, target: "/content", mode: 0o644 }])
    .withLogConsumer((stream) => stream.on("data", (line: string) => log.trace(line)));
  const started = await request.start();
  await started.restart(restartOptions);
  // A class that implements no more than the original asks for.
  const ofTheOriginal: Omit<StartedTestContainer, "events"> = started;
  const own: StartedTestContainer = ofTheOriginal;
  const bindings: PortWithBinding[] = [{ container: 80, host: 8080 }];
  const hostPorts: number[] = bindings.map(({ host }) => host);
  log.info(`${own.getId()} ${hostPorts}`);
  const image = ImageName.fromString(await started.commit(commitOptions));
  const client: ContainerRuntimeClient = await getContainerRuntimeClient();
  if (!(client instanceof ContainerRuntimeClient) || !(await client.image.exists(image))) return;
  const found = await client.container.fetchByLabel(LABEL_TESTCONTAINERS_SESSION_ID, randomUuid(), {
    status: ["running"],
  });
  const bound = new BoundPorts();
  bound.setBinding(80, await ports.generatePort());
  if (found !== undefined) for (const strategy of strategies) await waitForContainer(client, found, strategy, bound);
  await retry.retryUntil(
    async () => 1,
    (value) => value === 1,
    () => undefined,
    100,
  );
  for await (const line of await started.logs({ tail: 1 })) log.debug(String(line));
  await started.stop().catch((error: unknown) => {
    if (isRuncibleError(error) && error instanceof RuncibleError) log.error(`${error.code} ${error.kind}`);
  });
  const stopped: StoppedNetwork = await network.stop();
  if (!(stopped instanceof StoppedNetwork) || !(network instanceof StartedNetwork)) return;
  await useCompose();
  await useImages(client);
  await useAdditions();
  await using _disposed = await new ServiceContainer().start();
}

/** What the original has not. */
async function useAdditions(): Promise<void> {
  const advertised: EnvironmentOf = ({ host, port }: PublishedAddress) => ({ ADVERTISED: `${host}:${port(80)}` });
  await using reserved: ReservedPort = await reservePort();
  const service = { container: 80, host: reserved.number };
  await new GenericContainer("service:1")
    .withExposedPorts(service)
    .withAliasPorts({ container: 80, host: 8080 })
    .start();
  await reserved.release();
  const database = new ServiceContainer().withPullPolicy(PullPolicy.never()).withKeepOnFailure();
  const dependencies: Startable[] = [database];
  const containers = {
    database,
    app: new GenericContainer("app:1").withEnvironment(advertised).dependsOn(...dependencies),
  };
  const started: StartedOf<typeof containers> = await TestContainers.startAll(containers);
  log.info(started.database.getUrl());
  for await (const { action, time, attributes } of TestContainers.events(
    started.app,
  ) as AsyncIterable<ContainerEvent>) {
    log.info(`${action} ${time.toISOString()} ${attributes["exitCode"]}`);
  }
}

async function useImages(client: ContainerRuntimeClient): Promise<void> {
  const host: HostImageOptions = { executables: ["redis-server", "./build/server"], paths: ["/etc/ssl/certs"] };
  const ofHost: GenericContainer = await GenericContainer.fromHost(host);
  await GenericContainer.fromHost(host, "localhost/mine:1");
  log.info(String(ofHost instanceof GenericContainer));
  const options: BuildOptions = { deleteOnExit: false };
  const builder: GenericContainerBuilder = GenericContainer.fromDockerfile(".", "Dockerfile.test");
  const built: GenericContainer = await builder
    .withBuildArgs({ TAG: "1" })
    .withPullPolicy(PullPolicy.alwaysPull())
    .withCache(false)
    .withBuildkit()
    .withPlatform("linux/arm64")
    .withTarget("stage")
    .build("service:1", options);
  await new GenericContainerBuilder(".", "Dockerfile", ids).build();
  await TestContainers.exposeHostPorts(80, 443);
  await using service = await built.start();
  const socat: StartedSocatContainer = await new SocatContainer("alpine/socat:1").withTarget(80, "service").start();
  if (!(socat instanceof StartedSocatContainer)) return;
  const reaper: Reaper = await getReaper(client);
  reaper.addSession(randomUuid());
  reaper.addComposeProject("project");
  log.info(`${reaper.sessionId} ${reaper.containerId} ${service.getName()}`);
}

async function useCompose(): Promise<void> {
  const environment: StartedDockerComposeEnvironment = await new DockerComposeEnvironment(".", ["compose.yaml"], ids)
    .withBuild()
    .withEnvironment({ TAG: "1" })
    .withEnvironmentFile("test.env")
    .withProfiles("debug", "more")
    .withNoRecreate()
    .withProjectName("project")
    .withPullPolicy(PullPolicy.alwaysPull())
    .withDefaultWaitStrategy(Wait.forHealthCheck())
    .withWaitStrategy("web-1", Wait.forListeningPorts())
    .withStartupTimeout(1_000)
    .withAutoCleanup(false)
    .withClientOptions({ commandOptions: ["--force-recreate", ["--timeout", "1"]], composeOptions: ["--profile", "a"] })
    .up(["web"]);
  const web: StartedTestContainer = environment.getContainer("web-1");
  log.info(web.getName());
  const stopped: StoppedDockerComposeEnvironment = await environment.stop();
  const downed = await stopped.down({ timeout: 1_000, removeVolumes: false });
  if (!(downed instanceof DownedDockerComposeEnvironment)) return;
  if (!(stopped instanceof StoppedDockerComposeEnvironment)) return;
  if (!(environment instanceof StartedDockerComposeEnvironment)) return;
}
