import { expect, test } from "vitest";
import { decodeCreate } from "../../../src/engine/routes/decode-create";
import { decodeResources } from "../../../src/engine/routes/decode-resources";
import type { JsonObject } from "../../../src/wire/json";

const none = new URLSearchParams();

function decode(body: JsonObject, query: URLSearchParams = none): ReturnType<typeof decodeCreate> {
  return decodeCreate({ Image: "bb", ...body }, query);
}

test("the docker CLI's default network is the bridge, in the mode and among the endpoints", () => {
  const spec = decode({
    HostConfig: {
      NetworkMode: "default",
      MemorySwappiness: -1,
      PidsLimit: 0,
      ConsoleSize: [24, 80],
      MaskedPaths: null,
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      CapAdd: ["net_admin"],
    },
    NetworkingConfig: { EndpointsConfig: { default: { Aliases: ["web"], IPAMConfig: null } } },
  });
  expect(spec.networkMode).toEqual({ kind: "network", network: "bridge" });
  expect(spec.endpoints).toMatchObject([{ network: "bridge", aliases: ["web"] }]);
  expect(spec.resources).toEqual({ isOomKillDisabled: false, ulimits: [] });
  expect(spec.capAdd).toEqual(["CAP_NET_ADMIN"]);
  expect(spec.maskedPaths).toBeUndefined();
});

test("docker-java's nulls say nothing", () => {
  const spec = decode({
    Cmd: null,
    Env: null,
    Volumes: null,
    Healthcheck: null,
    HostConfig: { Binds: null, Links: null, PortBindings: null, Ulimits: null, Memory: null, AutoRemove: null },
    NetworkingConfig: null,
  });
  expect(spec).toMatchObject({ environment: [], mounts: [], publish: [], autoRemove: false });
  expect(spec.command).toBeUndefined();
});

test("testcontainers' ports become random ones, and its fractional memory a whole number", () => {
  const spec = decode({
    ExposedPorts: { "8080/tcp": {} },
    HostConfig: { PortBindings: { "8080/tcp": [{ HostPort: "0" }] }, Memory: 107374182.4 },
  });
  expect(spec.publish).toEqual([{ containerPort: { port: 8080, protocol: "tcp" }, hostPort: { first: 0, last: 0 } }]);
  expect(spec.resources.memoryBytes).toBe(107374182);
});

test("a bind wins over an anonymous volume on the same path, as compose 1 sends them", () => {
  const spec = decode({ Volumes: { "/data": {}, "/log": {} }, HostConfig: { Binds: ["/srv:/data/:ro"] } });
  expect(spec.anonymousVolumes).toEqual(["/log"]);
  expect(spec.mounts).toEqual([
    {
      ...{ kind: "bind", source: "/srv", target: "/data", isReadOnly: true, mode: "ro" },
      ...{ propagation: "rprivate", createSource: true },
    },
  ]);
});

test("a name before the colon is a volume, Mounts never make their source", () => {
  const spec = decode({
    HostConfig: {
      Binds: ["c1_data:/data"],
      Mounts: [
        { Type: "bind", Source: "/srv", Target: "/b", ReadOnly: true },
        { Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 64, Mode: 0o1777 } },
      ],
    },
  });
  expect(spec.mounts).toMatchObject([
    { kind: "volume", name: "c1_data", noCopy: false },
    { kind: "bind", createSource: false },
    { kind: "tmpfs", options: ["size=64", "mode=1777"] },
  ]);
});

test("the network of the mode comes first, and a bare string is a list of one", () => {
  const spec = decode(
    {
      Cmd: "echo hi",
      Entrypoint: [""],
      HostConfig: { NetworkMode: "b" },
      NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } },
    },
    new URLSearchParams("name=/web&platform=linux/arm64"),
  );
  expect(spec.endpoints.map(({ network }) => network)).toEqual(["b", "a"]);
  expect(spec).toMatchObject({ command: ["echo hi"], entrypoint: [], name: "web", platform: "linux/arm64" });
});

test.each<[JsonObject, string]>([
  [{ Image: "" }, "Config cannot be empty in order to create a container"],
  [{ HostConfig: { Binds: ["/a:/x"], Tmpfs: { "/x": "" } } }, "Duplicate mount point: /x"],
  [{ HostConfig: { Binds: ["/a:b:c:d"] } }, "invalid volume specification: '/a:b:c:d'"],
  [{ HostConfig: { Binds: ["/a:/b:bogus"] } }, "invalid mode: bogus"],
  [{ HostConfig: { RestartPolicy: { Name: "weird" } } }, "invalid restart policy: unknown policy 'weird'"],
  [
    { HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } },
    "can't create 'AutoRemove' container with restart policy",
  ],
  [{ HostConfig: { Memory: 1024 } }, "Minimum memory limit allowed is 6MB"],
  [{ HostConfig: { PortBindings: { x: [] } } }, 'invalid port specification: "x"'],
  [{ HostConfig: { Memory: 10_000_000, MemorySwap: 9_000_000 } }, "Minimum memoryswap limit should be larger than"],
  [{ HostConfig: { MemorySwap: 9_000_000 } }, "You should always set the Memory limit when using Memoryswap limit"],
  [{ HostConfig: { MemoryReservation: 1000 } }, "Minimum memory reservation allowed is 6MB"],
  [
    { HostConfig: { Memory: 10_000_000, MemoryReservation: 20_000_000 } },
    "Minimum memory limit can not be less than memory reservation limit, see usage",
  ],
  [{ HostConfig: { MemorySwappiness: 101 } }, "Invalid value: 101, valid memory swappiness range is 0-100"],
  [{ HostConfig: { CpuPeriod: 10 } }, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s"],
  [{ HostConfig: { CpuQuota: 10 } }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
  [{ HostConfig: { ShmSize: -1 } }, "SHM size can not be less than 0"],
  [{ HostConfig: { OomScoreAdj: -1001 } }, "Invalid value -1001, range for oom score adj is [-1000, 1000]"],
  [{ Hostname: "x", HostConfig: { NetworkMode: "container:c" } }, "conflicting options: hostname and the network mode"],
  [{ Hostname: "x", HostConfig: { UTSMode: "host" } }, "conflicting options: hostname and the UTS mode"],
  [
    { HostConfig: { NetworkMode: "host", Links: ["a:b"] } },
    "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
  ],
  [
    { HostConfig: { NetworkMode: "container:c", Links: ["a:b"] } },
    "conflicting options: container type network can't be used with links. This would result in undefined behavior",
  ],
  [{ HostConfig: { NetworkMode: "container:c", Dns: ["192.0.2.1"] } }, "conflicting options: dns and the network mode"],
  [
    { HostConfig: { NetworkMode: "container:c", ExtraHosts: ["a:192.0.2.1"] } },
    "conflicting options: custom host-to-IP mapping and the network mode",
  ],
  [
    { MacAddress: "02:42:00:00:00:09", HostConfig: { NetworkMode: "host" } },
    "conflicting options: mac-address and the network mode",
  ],
  [
    { HostConfig: { NetworkMode: "container:c", PortBindings: { "80/tcp": [{}] } } },
    "conflicting options: port publishing and the container type network mode",
  ],
  [
    { ExposedPorts: { "80/tcp": {} }, HostConfig: { NetworkMode: "container:c" } },
    "conflicting options: port exposing and the container type network mode",
  ],
  [{ Healthcheck: { Interval: 10 } }, "Interval in Healthcheck cannot be less than 1ms"],
])("%j is refused with Docker's words", (body, message) => {
  expect(() => decode(body)).toThrow(message);
});

test("a container may have its own name on the host's network, and half a processor where there is one", () => {
  const spec = decode({ Hostname: "own", HostConfig: { NetworkMode: "host", NanoCpus: 500_000_000, CpuQuota: 0 } });
  expect(spec).toMatchObject({ hostname: "own", networkMode: { kind: "host" }, resources: { nanoCpus: 500_000_000 } });
});

test("more processors than there are cannot be had", () => {
  const wanted = (nanoCpus: number) => () => decodeResources({ NanoCpus: nanoCpus }, { cpus: 2 });
  expect(wanted(2e9)()).toMatchObject({ nanoCpus: 2e9 });
  const message = "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available";
  expect(wanted(2_000_000_001)).toThrow(message);
  expect(wanted(-1)).toThrow(message);
});

test("an update of the swap alone goes with the memory limit that is there", () => {
  expect(decodeResources({ MemorySwap: 20_000_000 }, { isUpdate: true })).toMatchObject({
    memorySwapBytes: 20_000_000,
  });
});

test.each(["/etc", "..", "../other", "a/../../other"])("a subpath %s is not inside a volume", (Subpath) => {
  const Mounts = [{ Type: "volume", Source: "data", Target: "/data", VolumeOptions: { Subpath } }];
  expect(() => decode({ HostConfig: { Mounts } })).toThrow("subpath must be a relative path within the volume");
});

const invalid = (message: string) => expect.objectContaining({ code: "invalid-argument", message });

test.each<[JsonObject, string]>([
  [{ Type: "tmpfs", Source: "x" }, 'invalid mount config for type "tmpfs": field Source must not be specified'],
  [
    { Type: "bind", Source: "/s", BindOptions: { Propagation: "bogus" } },
    'invalid mount config for type "bind": invalid propagation mode: bogus',
  ],
  [
    { Type: "bind", Source: "/s", VolumeOptions: { NoCopy: true } },
    'VolumeOptions must not be specified on mount type "bind"',
  ],
  [{ Type: "volume", Source: "vol", BindOptions: {} }, 'BindOptions must not be specified on mount type "volume"'],
  [
    { Type: "volume", VolumeOptions: { Subpath: "a" } },
    'invalid mount config for type "volume": must not set Subpath when using anonymous volumes',
  ],
])("the mount %j is refused in Docker's words", (mount, message) => {
  expect(() => decode({ HostConfig: { Mounts: [{ Target: "/x", ...mount }] } })).toThrow(invalid(message));
});

test.each([
  ["/s:/x:ro,rw", "invalid mode: ro,rw"],
  ["vol:/x:ro,ro", "invalid mode: ro,ro"],
  [
    "/s:/x:nocopy",
    "invalid volume specification: '/s:/x:nocopy': invalid mount config for type \"bind\": field VolumeOptions must not be specified",
  ],
])("the bind %s is refused in Docker's words", (bind, message) => {
  expect(() => decode({ HostConfig: { Binds: [bind] } })).toThrow(invalid(message));
});

test.each([
  ["PidMode", "bogus", "invalid PID mode: bogus"],
  ["PidMode", "container:", "invalid PID mode: container:"],
  ["IpcMode", "bogus", "invalid IPC mode: bogus"],
  ["UTSMode", "container:a", "invalid UTS mode: container:a"],
])("%s %s is refused in Docker's words", (key, mode, message) => {
  expect(() => decode({ HostConfig: { [key]: mode } })).toThrow(invalid(message));
});

test.each([
  ["PidMode", "container:a"],
  ["IpcMode", "none"],
  ["IpcMode", "shareable"],
  ["UTSMode", "host"],
])("%s %s is known", (key, mode) => {
  expect(() => decode({ HostConfig: { [key]: mode } })).not.toThrow();
});

test("a terminal begins with the size of the console, when that is known and one", () => {
  expect(decode({ HostConfig: { ConsoleSize: [30, 50] } }).consoleSize).toEqual({ rows: 30, columns: 50 });
  expect(decode({ HostConfig: { ConsoleSize: [0, 0] } }).consoleSize).toBeUndefined();
  expect(() => decode({ HostConfig: { ConsoleSize: [-1, 80] } })).toThrow(
    invalid("resize terminal: -1 is no number from 0 to 65535"),
  );
});

test("retries without a policy that has any are refused", () => {
  expect(() => decode({ HostConfig: { RestartPolicy: { MaximumRetryCount: 2 } } })).toThrow(
    invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'"),
  );
});
