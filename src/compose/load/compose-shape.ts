import {
  anyValue,
  boolean,
  duration,
  either,
  fileMode,
  integer,
  listOf,
  listOrMap,
  mapOf,
  number,
  oneOf,
  type RecordShape,
  record,
  refused,
  type Shape,
  size,
  text,
  textLike,
  textOrList,
  textOrNumber,
  type ValueShape,
} from "./shape";

/**
 * The keys of the compose specification, with what may stand there. Short forms first become long ones, see
 * `canonical.ts`.
 */
const resourceName = /^[a-zA-Z0-9._-]+$/;
const extraHosts = either({ list: listOf(text), map: mapOf(either({ scalar: text, list: listOf(text) })) });
const options = mapOf(anyValue);
const ulimits = mapOf(either({ scalar: integer, map: record({ soft: integer, hard: integer }, "soft", "hard") }));
const commandWords = either({ scalar: text, list: listOf(text) });
const noGpus = refused("devices such as GPUs cannot be given to containers; remove it");
const noBuilder = refused("the builder does not have it; remove it");

const fileReference = listOf(
  either({ scalar: text, map: record({ source: text, target: text, uid: text, gid: text, mode: fileMode }) }),
);

const build = either({
  scalar: text,
  map: record({
    context: text,
    dockerfile: text,
    dockerfile_inline: text,
    args: listOrMap,
    labels: listOrMap,
    target: text,
    tags: listOf(text),
    network: text,
    no_cache: boolean,
    pull: boolean,
    shm_size: size,
    extra_hosts: extraHosts,
    platforms: listOf(text),
    cache_from: listOf(text),
    cache_to: listOf(text),
    additional_contexts: listOrMap,
    ulimits,
    isolation: text,
    privileged: noBuilder,
    entitlements: noBuilder,
    ssh: noBuilder,
    secrets: noBuilder,
  }),
});

/** Empty is as good as `no`, as for a daemon. */
const restartPolicy = textLike(
  /^(no|always|unless-stopped|on-failure(:\d+)?)?$/,
  "no, always, on-failure[:NUMBER] or unless-stopped",
);
/** Of Linux, where containers run, wherever this file is read. */
const signalNames =
  "HUP|INT|QUIT|ILL|TRAP|ABRT|IOT|BUS|FPE|KILL|USR[12]|SEGV|PIPE|ALRM|TERM|STKFLT|CHLD|CLD|CONT|STOP|TSTP|TTIN|TTOU|URG|XCPU|XFSZ|VTALRM|PROF|WINCH|IO|POLL|PWR|SYS|UNUSED|RTMIN(\\+\\d{1,2})?|RTMAX(-\\d{1,2})?";
const signal = textLike(
  new RegExp(`^((SIG)?(${signalNames})|[1-9]|[1-5]\\d|6[0-4])$`, "i"),
  "a signal such as SIGTERM",
);

const healthcheck = record({
  disable: boolean,
  test: commandWords,
  interval: duration,
  timeout: duration,
  start_period: duration,
  start_interval: duration,
  retries: integer,
});

const cpuCount: ValueShape = { ...textOrNumber, pattern: /^\d*\.?\d+$/, wanted: "a number of CPUs such as 1.5" };
const resourceAmounts = { cpus: cpuCount, memory: size };

/** What only a swarm acts on is accepted and has no effect, as with docker compose. */
const deploy = record({
  replicas: integer,
  labels: listOrMap,
  mode: text,
  endpoint_mode: text,
  resources: record({
    limits: record({ ...resourceAmounts, pids: integer }),
    reservations: record({ ...resourceAmounts, devices: noGpus, generic_resources: listOf(options) }),
  }),
  restart_policy: record({ condition: text, delay: duration, max_attempts: integer, window: duration }),
  update_config: options,
  rollback_config: options,
  placement: record({
    constraints: listOf(text),
    preferences: listOf(options),
    max_replicas_per_node: integer,
  }),
});

const dependsOn = either({
  list: listOf(text),
  map: mapOf(
    record(
      {
        condition: oneOf("service_started", "service_healthy", "service_completed_successfully"),
        restart: boolean,
        required: boolean,
      },
      "condition",
    ),
    resourceName,
  ),
});

const port = either({
  scalar: textOrNumber,
  map: record({
    target: integer,
    published: textOrNumber,
    host_ip: text,
    protocol: text,
    mode: text,
    name: text,
    app_protocol: text,
  }),
});

const volumeMount = either({
  scalar: text,
  map: record(
    {
      type: oneOf("bind", "volume", "tmpfs", "cluster", "npipe", "image"),
      source: text,
      target: text,
      read_only: boolean,
      consistency: text,
      bind: record({ propagation: text, create_host_path: boolean, recursive: text, selinux: oneOf("z", "Z") }),
      volume: record({ nocopy: boolean, subpath: text, labels: listOrMap }),
      tmpfs: record({ size, mode: fileMode }),
      image: record({ subpath: text }),
    },
    "type",
  ),
});

const serviceNetworks = either({
  list: listOf(text),
  map: mapOf(
    record({
      aliases: listOf(text),
      ipv4_address: text,
      ipv6_address: text,
      link_local_ips: listOf(text),
      mac_address: text,
      driver_opts: options,
      interface_name: text,
      priority: number,
      gw_priority: number,
    }),
    resourceName,
  ),
});

const process = {
  command: commandWords,
  entrypoint: commandWords,
  environment: listOrMap,
  env_file: either({
    scalar: text,
    list: listOf(either({ scalar: text, map: record({ path: text, required: boolean, format: text }, "path") })),
  }),
  user: text,
  group_add: listOf(textOrNumber),
  working_dir: text,
  hostname: text,
  domainname: text,
  stdin_open: boolean,
  tty: boolean,
  init: boolean,
  stop_signal: signal,
  stop_grace_period: duration,
  restart: restartPolicy,
  healthcheck,
  labels: listOrMap,
  label_file: textOrList,
  annotations: listOrMap,
};

const isolation = {
  privileged: boolean,
  read_only: boolean,
  cap_add: listOf(text),
  cap_drop: listOf(text),
  security_opt: listOf(text),
  sysctls: listOrMap,
  devices: listOf(either({ scalar: text, map: record({ source: text, target: text, permissions: text }, "source") })),
  device_cgroup_rules: listOf(text),
  ipc: text,
  pid: text,
  uts: text,
  userns_mode: text,
  cgroup: oneOf("host", "private"),
  cgroup_parent: text,
  isolation: text,
  runtime: text,
  storage_opt: options,
  logging: record({ driver: text, options }),
  gpus: noGpus,
  credential_spec: refused("Windows credentials cannot be used here; remove it"),
};

const limits = {
  cpus: cpuCount,
  cpuset: text,
  cpu_count: integer,
  cpu_percent: number,
  cpu_shares: number,
  cpu_quota: number,
  cpu_period: number,
  cpu_rt_period: either({ scalar: textOrNumber }),
  cpu_rt_runtime: either({ scalar: textOrNumber }),
  mem_limit: size,
  mem_reservation: size,
  mem_swappiness: integer,
  memswap_limit: size,
  oom_kill_disable: boolean,
  oom_score_adj: integer,
  pids_limit: number,
  shm_size: size,
  ulimits,
  blkio_config: record({
    weight: integer,
    weight_device: listOf(record({ path: text, weight: integer }, "path", "weight")),
    device_read_bps: listOf(record({ path: text, rate: size }, "path", "rate")),
    device_read_iops: listOf(record({ path: text, rate: integer }, "path", "rate")),
    device_write_bps: listOf(record({ path: text, rate: size }, "path", "rate")),
    device_write_iops: listOf(record({ path: text, rate: integer }, "path", "rate")),
  }),
};

const connections = {
  ports: listOf(port),
  expose: listOf(textOrNumber),
  networks: serviceNetworks,
  network_mode: text,
  links: listOf(text),
  external_links: listOf(text),
  extra_hosts: extraHosts,
  dns: textOrList,
  dns_opt: listOf(text),
  dns_search: textOrList,
  mac_address: text,
};

const hook = refused("hooks are not run; put the command into the image's entrypoint");

const service: RecordShape = record({
  image: text,
  build,
  platform: text,
  pull_policy: text,
  pull_refresh_after: text,
  container_name: text,
  depends_on: dependsOn,
  extends: either({ scalar: text, map: record({ service: text, file: text }, "service") }),
  profiles: listOf(text),
  scale: integer,
  deploy,
  attach: boolean,
  volumes: listOf(volumeMount),
  volumes_from: listOf(text),
  tmpfs: textOrList,
  secrets: fileReference,
  configs: fileReference,
  ...process,
  ...isolation,
  ...limits,
  ...connections,
  develop: record({ watch: listOf(mapOf(either({ scalar: text, list: listOf(text), map: options }))) }),
  post_start: hook,
  pre_stop: hook,
  provider: refused("services that another program provides are not run; describe a container"),
  models: refused("language models are not run; describe a container"),
  use_api_socket: refused("the engine's socket is not handed to containers; mount it as a volume"),
});

const external = either({ scalar: boolean, map: record({ name: text }) });
const resource = { name: text, external, labels: listOrMap };

const network = record({
  ...resource,
  driver: text,
  driver_opts: options,
  attachable: boolean,
  internal: boolean,
  enable_ipv4: boolean,
  enable_ipv6: boolean,
  ipam: record({
    driver: text,
    options,
    config: listOf(record({ subnet: text, gateway: text, ip_range: text, aux_addresses: mapOf(text) })),
  }),
});

const storedFile = {
  ...resource,
  file: text,
  environment: text,
  template_driver: text,
  driver: text,
  driver_opts: options,
};

const include: Shape = listOf(
  either({ scalar: text, map: record({ path: textOrList, project_directory: text, env_file: textOrList }, "path") }),
);

export const composeShape: RecordShape = record({
  version: textOrNumber,
  name: text,
  include,
  services: mapOf(service, resourceName),
  networks: mapOf(network, resourceName),
  volumes: mapOf(record({ ...resource, driver: text, driver_opts: options }), resourceName),
  secrets: mapOf(record(storedFile), resourceName),
  configs: mapOf(record({ ...storedFile, content: text }), resourceName),
  models: refused("language models are not run; describe a container"),
});
