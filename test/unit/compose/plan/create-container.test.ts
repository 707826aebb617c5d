import { expect, test } from "vitest";
import type { Service } from "../../../../src/compose/model/project";
import { createContainer } from "../../../../src/compose/plan/create-container";
import { projectOf } from "./project-of";

function bodyOf(service: Service, others: Readonly<Record<string, Service>> = {}) {
  const project = projectOf({ a: service, ...others }, { volumes: { data: { name: "p_data", external: false } } });
  return createContainer({ project, service: "a", number: 1, digests: new Map() }).body;
}

test.each<[string, Service, object]>([
  ["command and entrypoint", { command: ["a"], entrypoint: ["b"] }, { Cmd: ["a"], Entrypoint: ["b"] }],
  ["an entrypoint taken away", { entrypoint: [] }, { Entrypoint: [""] }],
  ["environment", { environment: { A: "1", B: 2, C: null } }, { Env: ["A=1", "B=2", "C"] }],
  [
    "the grace period",
    { stop_grace_period: "1m1.5s", stop_signal: "SIGINT" },
    { StopTimeout: 62, StopSignal: "SIGINT" },
  ],
  [
    "a health check",
    { healthcheck: { test: ["CMD", "x"], interval: "1.5s", retries: 3 } },
    { Healthcheck: { Test: ["CMD", "x"], Interval: 1_500_000_000, Retries: 3 } },
  ],
  ["no health check", { healthcheck: { disable: true } }, { Healthcheck: { Test: ["NONE"] } }],
  [
    "ports and expose",
    {
      ports: [
        { target: 80, published: "8080", host_ip: "1.2.3.4", protocol: "tcp" },
        { target: 80, protocol: "tcp" },
      ],
      expose: ["9", "9/udp"],
    },
    { ExposedPorts: { "80/tcp": {}, "9/tcp": {}, "9/udp": {} } },
  ],
])("%s", (_name, service, expected) => {
  expect(bodyOf(service)).toMatchObject(expected);
});

test.each<[string, Service, object]>([
  [
    "published ports",
    {
      ports: [
        { target: 80, published: "8080", host_ip: "::1", protocol: "tcp" },
        { target: 80, protocol: "tcp" },
      ],
    },
    { PortBindings: { "80/tcp": [{ HostIp: "::1", HostPort: "8080" }, { HostPort: "" }] } },
  ],
  [
    "a bind mount",
    { volumes: [{ type: "bind", source: "/h", target: "/c", read_only: true, bind: { propagation: "rslave" } }] },
    { Binds: ["/h:/c:ro,rslave"] },
  ],
  [
    "security options, of which one is a word of Docker's command line",
    { security_opt: ["seccomp=unconfined", "systempaths=unconfined"] },
    { SecurityOpt: ["seccomp=unconfined"], MaskedPaths: [], ReadonlyPaths: [] },
  ],
  [
    "a bind mount of something that must be there",
    { volumes: [{ type: "bind", source: "/h", target: "/c", bind: { create_host_path: false } }] },
    { Mounts: [{ Type: "bind", Source: "/h", Target: "/c", BindOptions: { CreateMountpoint: false } }] },
  ],
  [
    "a named volume",
    { volumes: [{ type: "volume", source: "data", target: "/d", volume: { nocopy: true, subpath: "s" } }] },
    { Mounts: [{ Type: "volume", Source: "p_data", Target: "/d", VolumeOptions: { NoCopy: true, Subpath: "s" } }] },
  ],
  [
    "temporary folders",
    { tmpfs: ["/a", "/b:size=1m"], volumes: [{ type: "tmpfs", target: "/c", tmpfs: { size: 5, mode: 0o700 } }] },
    {
      Tmpfs: { "/a": "", "/b": "size=1m" },
      Mounts: [{ Type: "tmpfs", Target: "/c", TmpfsOptions: { SizeBytes: 5, Mode: 0o700 } }],
    },
  ],
  [
    "limits",
    { cpus: "0.5", mem_limit: 64, pids_limit: 5, shm_size: 7, blkio_config: { weight: 300 } },
    { NanoCpus: 5e8, Memory: 64, PidsLimit: 5, ShmSize: 7, BlkioWeight: 300 },
  ],
  [
    "limits of deploy, which win",
    { cpus: 2, deploy: { resources: { limits: { cpus: "0.25", memory: 8, pids: 2 }, reservations: { memory: 4 } } } },
    { NanoCpus: 25e7, Memory: 8, PidsLimit: 2, MemoryReservation: 4 },
  ],
  ["restart", { restart: "on-failure:3" }, { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } }],
  [
    "the restart policy of deploy",
    { deploy: { restart_policy: { condition: "any" } } },
    { RestartPolicy: { Name: "always" } },
  ],
  ["names of hosts", { extra_hosts: { db: ["10.0.0.1", "::1"] } }, { ExtraHosts: ["db:10.0.0.1", "db:::1"] }],
  [
    "limits of processes",
    { ulimits: { nofile: { soft: 1, hard: 2 } } },
    { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }] },
  ],
  [
    "devices",
    { devices: [{ source: "/dev/null", target: "/dev/n", permissions: "r" }] },
    { Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/n", CgroupPermissions: "r" }] },
  ],
  [
    "the network of a service",
    { network_mode: "service:b", ipc: "service:b" },
    { NetworkMode: "container:p-b-1", IpcMode: "container:p-b-1" },
  ],
  ["volumes of a service", { volumes_from: ["b:ro", "container:x"] }, { VolumesFrom: ["p-b-1:ro", "x"] }],
  ["its network", {}, { NetworkMode: "p_default" }],
])("the host configuration has %s", (_name, service, expected) => {
  expect(bodyOf(service, { b: {} }).HostConfig).toMatchObject(expected);
});

test("on its network a container has its own name, its service's, its aliases, and those of links to it", () => {
  const project = projectOf({
    a: { networks: { default: { aliases: ["alias"], ipv4_address: "10.0.0.2" } } },
    b: { links: ["a:linked"], networks: { default: {} } },
  });
  const { body } = createContainer({ project, service: "a", number: 2, digests: new Map() });
  expect(body.NetworkingConfig?.EndpointsConfig).toEqual({
    p_default: { Aliases: ["p-a-2", "a", "alias", "linked"], IPAMConfig: { IPv4Address: "10.0.0.2" } },
  });
});

test("labels tell what a container belongs to", () => {
  const service: Service = { labels: { mine: 1 }, depends_on: { b: { condition: "service_healthy" } } };
  expect(bodyOf(service, { b: {} }).Labels).toMatchObject({
    mine: "1",
    "com.docker.compose.project": "p",
    "com.docker.compose.service": "a",
    "com.docker.compose.container-number": "1",
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.depends_on": "b:service_healthy:false",
    "com.docker.compose.project.working_dir": "/w",
    "com.docker.compose.project.config_files": "/w/compose.yaml",
  });
});

const hashOf = (service: Service, number = 1, digest = "d"): string => {
  const project = projectOf({ a: service }, { secrets: { s: { file: "/s" } } });
  return createContainer({ project, service: "a", number, digests: new Map([["secrets/s", digest]]) }).configHash;
};

test("the hash tells settings apart, not containers of a service, nor what does not shape them", () => {
  expect(hashOf({}, 1)).toBe(hashOf({}, 2));
  expect(hashOf({ scale: 2, profiles: ["p"], pull_policy: "always" })).toBe(hashOf({}));
  expect(hashOf({ labels: { A: "1", B: "2" } })).toBe(hashOf({ labels: { B: "2", A: "1" } }));
  expect(hashOf({ environment: { A: "1" } })).not.toBe(hashOf({}));
  expect(hashOf({ labels: { a: 1 } })).not.toBe(hashOf({}));
});

test("the hash changes with what is in a secret", () => {
  const service: Service = { secrets: [{ source: "s" }] };
  expect(hashOf(service, 1, "one")).not.toBe(hashOf(service, 1, "two"));
});
