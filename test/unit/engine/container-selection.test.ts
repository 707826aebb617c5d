import { expect, test } from "vitest";
import { selectContainers } from "../../../src/engine/routes/container-selection";
import type { ContainerView } from "../../../src/engine/routes/container-view";
import { parsePortKey } from "../../../src/wire/ports";

const networkId = "5e".repeat(32);

const web = view("web", {
  state: { status: "running", exitCode: 0 },
  exposed: ["80/tcp", "53/udp"],
  ports: [
    { key: "80/tcp", hostPort: 18_080 },
    { key: "53/udp", hostPort: 18_053 },
  ],
  mounts: [{ name: "data", source: "/state/volumes/data", target: "/var/data" }],
  endpoints: [{ network: "front", networkId }],
});
const job = view("job", { state: { status: "exited", exitCode: 3 }, exposed: ["8000-8002/tcp"] });

function view(
  name: string,
  parts: {
    readonly state: { readonly status: string; readonly exitCode: number };
    readonly exposed: readonly string[];
    readonly ports?: readonly { readonly key: string; readonly hostPort: number }[];
    readonly mounts?: readonly object[];
    readonly endpoints?: readonly object[];
  },
): ContainerView {
  return {
    id: name.repeat(20),
    name,
    createdAt: `2026-11-24T12:00:0${name === "web" ? 0 : 1}Z`,
    state: parts.state,
    config: { labels: {}, exposedPorts: parts.exposed.flatMap(parsePortKey) },
    ports: (parts.ports ?? []).flatMap(({ key, hostPort }) =>
      parsePortKey(key).map((containerPort) => ({ containerPort, bindings: [{ hostIp: "127.0.0.1", hostPort }] })),
    ),
    mounts: parts.mounts ?? [],
    endpoints: parts.endpoints ?? [],
  } as unknown as ContainerView;
}

function selected(key: string, value: string, all = true): readonly string[] {
  return selectContainers([web, job], { all, filters: new Map([[key, [value]]]) }).map(({ name }) => name);
}

test.each([
  ["publish", "18080", ["web"]],
  ["publish", "80", []],
  ["publish", "18000-18100/tcp", ["web"]],
  ["publish", "18053", []],
  ["publish", "18053/udp", ["web"]],
  ["expose", "80", ["web"]],
  ["expose", "70-90/tcp", ["web"]],
  ["expose", "8001", ["job"]],
  ["volume", "data", ["web"]],
  ["volume", "/var/data", ["web"]],
  ["volume", "/state/volumes/data", ["web"]],
  ["network", networkId.slice(0, 12), ["web"]],
  ["network", "fro", []],
  ["name", "^/web$", ["web"]],
  ["is-task", "false", ["job", "web"]],
  ["is-task", "true", []],
])("%s=%s selects %j", (key, value, names) => {
  expect(selected(key, value)).toEqual(names);
});

test.each([
  ["publish", "http"],
  ["expose", "5-3"],
  ["is-task", "x"],
])("%s=%s is refused", (key, value) => {
  expect(() => selected(key, value)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

test("without all, only a filter for a status shows what does not run", () => {
  expect(selected("status", "exited", false)).toEqual(["job"]);
  expect(selected("exited", "3", false)).toEqual([]);
  expect(selected("exited", "3")).toEqual(["job"]);
  expect(selected("since", "web", false)).toEqual([]);
  expect(selected("since", "web")).toEqual(["job"]);
});
