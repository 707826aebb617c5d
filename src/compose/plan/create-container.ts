import { createHash } from "node:crypto";
import { RuncibleError } from "../../internal/errors";
import type { ContainerCreateBody, HealthcheckBody } from "../../wire/container-create";
import { durationMs } from "../load/units";
import type { FileReference, Healthcheck, Project, Service } from "../model/project";
import { containerName, imageOf } from "./container-names";
import { endpointsOf } from "./endpoints";
import { hostConfigOf } from "./host-config";
import { label, labelVersion } from "./labels";
import type { CreateContainer, StoredFile } from "./operation";
import { textMap } from "./text-map";

/** What a plan knows of secrets and configs: a digest of what is in each, by `secrets/name` and `configs/name`. */
export type FileDigests = ReadonlyMap<string, string>;

interface Wanted {
  readonly project: Project;
  readonly service: string;
  readonly number: number;
  readonly digests: FileDigests;
  /** Labels beyond those of the file and of compose. */
  readonly extraLabels?: Readonly<Record<string, string>>;
}

/** The request for one container of a service. Two containers of a service differ only in name and number. */
export function createContainer(wanted: Wanted): CreateContainer & { readonly configHash: string } {
  const { project, service: key, number, digests } = wanted;
  const service = serviceOf(project, key);
  const name = containerName(project, key, number);
  const image = imageOf(project, key);
  const files = storedFiles(service);
  const [first, ...networks] = endpointsOf(project, key, service, name);
  const body: ContainerCreateBody = {
    Image: image,
    ...processOf(service),
    ...exposedOf(service),
    HostConfig: hostConfigOf(project, service),
    ...(first === undefined ? {} : { NetworkingConfig: { EndpointsConfig: { [first.name]: first.endpoint } } }),
  };
  const configHash = hashOf({ project, service: key, digests, body, files });
  const ownLabels = { ...textMap(service.labels), ...wanted.extraLabels };
  return {
    kind: "create-container",
    service: key,
    name,
    ...(service.platform === undefined ? {} : { platform: service.platform }),
    body: { ...body, Labels: { ...ownLabels, ...composeLabels(wanted, image, configHash) } },
    networks,
    files,
    configHash,
  };
}

function serviceOf(project: Project, name: string): Service {
  const service = project.services[name];
  if (service === undefined) throw new RuncibleError("internal", `plan service ${name}: it is not there`);
  return service;
}

/** Over everything that shapes a container of the service, so that a change of it is seen. */
function hashOf(shaped: {
  readonly project: Project;
  readonly service: string;
  readonly digests: FileDigests;
  readonly body: ContainerCreateBody;
  readonly files: readonly StoredFile[];
}): string {
  const { project, service, body, files, digests } = shaped;
  // The name of the container is among its aliases; it must not tell the containers of a service apart.
  const endpoints = endpointsOf(project, service, serviceOf(project, service), "");
  const contents = files.map((file) => ({ ...file, digest: digests.get(`${file.section}/${file.source}`) }));
  const { NetworkingConfig: _, ...rest } = body;
  const labels = serviceOf(project, service).labels;
  return createHash("sha256")
    .update(JSON.stringify(sorted({ rest, endpoints, contents, labels })))
    .digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const pairs = Object.entries(value).map(([key, child]) => [key, sorted(child)] as const);
  return Object.fromEntries(pairs.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function composeLabels(
  { project, service, number }: Wanted,
  image: string,
  configHash: string,
): Readonly<Record<string, string>> {
  const dependencies = Object.entries(project.services[service]?.depends_on ?? {});
  return {
    [label.project]: project.name,
    [label.service]: service,
    [label.number]: String(number),
    [label.oneOff]: "False",
    [label.configHash]: configHash,
    [label.workingFolder]: project.workingFolder,
    [label.files]: project.files.join(","),
    [label.dependsOn]: dependencies
      .map(([name, { condition, restart = false }]) => `${name}:${condition}:${restart}`)
      .join(","),
    [label.image]: image,
    [label.version]: labelVersion,
  };
}

function processOf(service: Service): Partial<ContainerCreateBody> {
  const stopAfterMs = service.stop_grace_period === undefined ? undefined : durationMs(service.stop_grace_period);
  return {
    ...(service.command === undefined ? {} : { Cmd: service.command }),
    // An empty entrypoint takes that of the image away; the engine reads it so only with one empty word.
    ...(service.entrypoint === undefined
      ? {}
      : { Entrypoint: service.entrypoint.length === 0 ? [""] : service.entrypoint }),
    // A name alone takes away what the image says.
    Env: Object.entries(service.environment ?? {}).map(([name, value]) => (value === null ? name : `${name}=${value}`)),
    ...(service.user === undefined ? {} : { User: service.user }),
    ...(service.working_dir === undefined ? {} : { WorkingDir: service.working_dir }),
    ...(service.hostname === undefined ? {} : { Hostname: service.hostname }),
    ...(service.domainname === undefined ? {} : { Domainname: service.domainname }),
    ...(service.tty === undefined ? {} : { Tty: service.tty }),
    ...(service.stdin_open === undefined ? {} : { OpenStdin: service.stdin_open }),
    ...(service.stop_signal === undefined ? {} : { StopSignal: service.stop_signal }),
    ...(stopAfterMs === undefined ? {} : { StopTimeout: Math.ceil(stopAfterMs / 1_000) }),
    ...(service.healthcheck === undefined ? {} : { Healthcheck: healthcheckOf(service.healthcheck) }),
  };
}

function healthcheckOf(check: Healthcheck): HealthcheckBody {
  if (check.disable) return { Test: ["NONE"] };
  const nanoseconds = (text: string | undefined, key: string): Readonly<Record<string, number>> =>
    text === undefined ? {} : { [key]: Math.round((durationMs(text) ?? 0) * 1e6) };
  return {
    ...(check.test === undefined ? {} : { Test: check.test }),
    ...nanoseconds(check.interval, "Interval"),
    ...nanoseconds(check.timeout, "Timeout"),
    ...nanoseconds(check.start_period, "StartPeriod"),
    ...nanoseconds(check.start_interval, "StartInterval"),
    ...(check.retries === undefined ? {} : { Retries: check.retries }),
  };
}

function exposedOf({ ports = [], expose = [] }: Service): Partial<ContainerCreateBody> {
  const keys = [
    ...ports.map(({ target, protocol }) => `${target}/${protocol}`),
    ...expose.map((text) => (text.includes("/") ? text : `${text}/tcp`)),
  ];
  return keys.length === 0 ? {} : { ExposedPorts: Object.fromEntries(keys.map((key) => [key, {}])) };
}

function storedFiles({ secrets = [], configs = [] }: Service): readonly StoredFile[] {
  return [
    ...secrets.map((reference) => storedFile("secrets", "/run/secrets/", reference)),
    ...configs.map((reference) => storedFile("configs", "/", reference)),
  ];
}

function storedFile(section: StoredFile["section"], folder: string, reference: FileReference): StoredFile {
  const { source = "", target = source, uid = "0", gid = "0", mode = 0o444 } = reference;
  return {
    section,
    source,
    target: target.startsWith("/") ? target : `${folder}${target}`,
    uid: Number(uid),
    gid: Number(gid),
    mode,
  };
}
