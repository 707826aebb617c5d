// Compiled, never run: whatever is typed by the original is typed by ours, and the other way round. Both without
// private members.
import type * as Ours from "./ours/index.js";
import type * as Theirs from "./theirs/index.js";

type Instances<Library> = {
  [Name in keyof Library]: Library[Name] extends abstract new (
    ...parameters: never
  ) => infer Instance
    ? Pick<Instance, keyof Instance>
    : never;
};
type Parameters<Class> = Class extends new (...parameters: infer Given) => unknown ? Given : never;

/** Fails to compile unless the second one can be used as the first. */
type Usable<Wanted, _Given extends Wanted> = true;

// A retry's clock is protected there; no module looks at it.
type TheirInstances = Omit<Instances<typeof Theirs>, "IntervalRetry">;
type OurInstances = Pick<Instances<typeof Ours>, keyof TheirInstances>;
export type Classes = Usable<TheirInstances, OurInstances>;

type Constructed = "AbstractStartedContainer" | "AbstractStoppedContainer" | "BoundPorts" | "ContainerRuntimeClient";
type Further =
  | "DockerComposeEnvironment"
  | "GenericContainer"
  | "GenericContainerBuilder"
  | "ImageName"
  | "IntervalRetry";
type Rest = "Network" | "SocatContainer" | "StartedNetwork";
type Constructors<Library> = {
  [Name in keyof Library & (Constructed | Further | Rest)]: Parameters<Library[Name]>;
};
export type Constructible = Usable<Constructors<typeof Ours>, Constructors<typeof Theirs>>;

type Functions = "getContainerPort" | "getContainerRuntimeClient" | "getReaper" | "hasHostBinding" | "randomUuid";
export type Callable = Usable<
  Pick<typeof Theirs, Functions | "waitForContainer" | "LABEL_TESTCONTAINERS_SESSION_ID">,
  Pick<typeof Ours, Functions | "waitForContainer" | "LABEL_TESTCONTAINERS_SESSION_ID">
>;

type Levels = "trace" | "debug" | "info" | "warn" | "error" | "enabled";
export type Log = Usable<Pick<typeof Theirs.log, Levels>, typeof Ours.log>;
type Factories = Exclude<keyof typeof Theirs.Wait, "prototype">;
export type Wait = Usable<Pick<typeof Theirs.Wait, Factories>, typeof Ours.Wait>;

interface TheirTypes {
  buildOptions: Theirs.BuildOptions;
  commitOptions: Theirs.CommitOptions;
  content: Theirs.Content;
  copyOptions: Theirs.CopyToContainerOptions;
  execOptions: Theirs.ExecOptions;
  execResult: Theirs.ExecResult;
  httpOptions: Theirs.HttpWaitStrategyOptions;
  pullPolicy: Theirs.ImagePullPolicy;
  inspectResult: Theirs.InspectResult;
  portGenerator: Theirs.PortGenerator;
  boundPort: Theirs.PortWithBinding;
  port: Theirs.PortWithOptionalBinding;
  restartOptions: Theirs.RestartOptions;
  retry: Theirs.Retry<1, 2>;
  started: Theirs.StartedTestContainer;
  status: Theirs.StartupStatus;
  stopOptions: Theirs.StopOptions;
  stopped: Theirs.StoppedTestContainer;
  request: Theirs.TestContainer;
  uuid: Theirs.Uuid;
  wait: Theirs.WaitStrategy;
}

interface OurTypes {
  buildOptions: Ours.BuildOptions;
  commitOptions: Ours.CommitOptions;
  content: Ours.Content;
  copyOptions: Ours.CopyToContainerOptions;
  execOptions: Ours.ExecOptions;
  execResult: Ours.ExecResult;
  httpOptions: Ours.HttpWaitStrategyOptions;
  pullPolicy: Ours.ImagePullPolicy;
  inspectResult: Ours.InspectResult;
  portGenerator: Ours.PortGenerator;
  boundPort: Ours.PortWithBinding;
  port: Ours.PortWithOptionalBinding;
  restartOptions: Ours.RestartOptions;
  retry: Ours.Retry<1, 2>;
  started: Ours.StartedTestContainer;
  status: Ours.StartupStatus;
  stopOptions: Ours.StopOptions;
  stopped: Ours.StoppedTestContainer;
  request: Ours.TestContainer;
  uuid: Ours.Uuid;
  wait: Ours.WaitStrategy;
}

export type Given = Usable<TheirTypes, OurTypes>;
export type Taken = Usable<OurTypes, TheirTypes>;
