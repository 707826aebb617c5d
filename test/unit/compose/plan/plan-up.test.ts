import { expect, test } from "vitest";
import { planImages } from "../../../../src/compose/plan/plan-images";
import { planUp, type UpOptions } from "../../../../src/compose/plan/plan-up";
import { containerOf, nothing, projectOf, running, shown } from "./project-of";

const digests = new Map<string, string>();
const pair = projectOf({ web: { depends_on: { db: { condition: "service_started" } } }, db: {} });

function stepsOf(...args: [project: typeof pair, observed: typeof nothing, options?: UpOptions]): string[] {
  const [project, observed, options] = args;
  return shown(planUp(project, observed, digests, options).operations);
}

test("on an empty machine everything is made, and started after what it depends on", () => {
  expect(stepsOf(pair, { ...nothing, images: new Map() })).toEqual([
    "image x",
    "network p_default",
    "create p-db-1 < image x, network p_default",
    "start p-db-1 < create p-db-1",
    "create p-web-1 < image x, network p_default",
    "start p-web-1 < create p-web-1, start p-db-1",
  ]);
});

test("when all runs as the file says there is nothing to do", () => {
  expect(stepsOf(pair, running(pair, "db-1", "web-1"))).toEqual([]);
});

test("what is stopped is started again", () => {
  const observed = {
    ...running(pair, "db-1"),
    containers: [containerOf(pair, "db-1"), containerOf(pair, "web-1", { isRunning: false })],
  };
  expect(stepsOf(pair, observed)).toEqual(["start p-web-1"]);
});

test("a container with other settings is replaced, and no other", () => {
  const changed = projectOf({ ...pair.services, db: { ...pair.services["db"], tty: true } });
  expect(stepsOf(changed, running(pair, "db-1", "web-1"))).toEqual([
    "stop p-db-1",
    "remove p-db-1 < stop p-db-1",
    "create p-db-1 < remove p-db-1",
    "start p-db-1 < create p-db-1",
  ]);
});

test("a container of an older image is replaced", () => {
  const observed = { ...running(pair, "db-1", "web-1"), images: new Map([["x", "sha256:newer"]]) };
  expect(stepsOf(pair, observed).filter((step) => step.startsWith("create"))).toHaveLength(2);
});

test.each<[UpOptions, string[]]>([
  [{ recreate: "never" }, []],
  [
    { recreate: "all", services: ["db"] },
    ["stop p-db-1", "remove p-db-1 < stop p-db-1", "create p-db-1 < remove p-db-1", "start p-db-1 < create p-db-1"],
  ],
])("with %j the steps are %j", (options, expected) => {
  const changed = projectOf({ ...pair.services, db: { ...pair.services["db"], tty: true } });
  expect(stepsOf(changed, running(pair, "db-1", "web-1"), options)).toEqual(expected);
});

test("whoever wants it is restarted when what it depends on is replaced", () => {
  const services = { web: { depends_on: { db: { condition: "service_started", restart: true } } }, db: {} } as const;
  const before = projectOf(services);
  const after = projectOf({ ...services, db: { tty: true } });
  const plan = planUp(after, running(before, "db-1", "web-1"), digests);
  expect(plan.operations.at(-1)).toMatchObject({
    after: ["start p-db-1"],
    action: { kind: "restart-container", name: "p-web-1" },
  });
});

test("whoever uses the network of a replaced container is replaced too", () => {
  const side = { network_mode: "service:db", depends_on: { db: { condition: "service_started" } } } as const;
  const before = projectOf({ db: {}, side });
  const after = projectOf({ db: { tty: true }, side });
  expect(stepsOf(after, running(before, "db-1", "side-1"))).toContain(
    "create p-side-1 < create p-db-1, remove p-side-1",
  );
});

test("conditions become waits, one per service and condition", () => {
  const project = projectOf({
    a: { depends_on: { db: { condition: "service_healthy" }, job: { condition: "service_completed_successfully" } } },
    b: { depends_on: { db: { condition: "service_healthy" } } },
    db: {},
    job: {},
  });
  const steps = stepsOf(project, running(project));
  expect(steps.filter((step) => step.startsWith("await"))).toEqual([
    "await db healthy < start p-db-1",
    "await job completed < start p-job-1",
  ]);
  expect(steps).toContain("start p-b-1 < create p-b-1, await db healthy");
});

test("scaling up takes the lowest free numbers, scaling down the highest away", () => {
  const project = projectOf({ a: { scale: 3 } });
  const starts = (steps: readonly string[]): string[] => steps.filter((step) => step.startsWith("start"));
  expect(starts(stepsOf(project, running(project, "a-2")))).toEqual([
    "start p-a-1 < create p-a-1",
    "start p-a-3 < create p-a-3",
  ]);
  expect(stepsOf(project, running(project, "a-1", "a-2", "a-3"), { scale: { a: 1 } })).toEqual([
    "stop p-a-2",
    "remove p-a-2 < stop p-a-2",
    "stop p-a-3",
    "remove p-a-3 < stop p-a-3",
  ]);
});

test("only what is asked for takes part, with what it depends on unless that is left out", () => {
  const project = projectOf({ ...pair.services, other: {} });
  const creates = (options: UpOptions): string[] =>
    planUp(project, nothing, digests, options)
      .operations.map(({ id }) => id)
      .filter((id) => id.startsWith("create"));
  expect(creates({ services: ["web"] })).toEqual(["create p-db-1", "create p-web-1"]);
  expect(creates({ services: ["web"], noDependencies: true })).toEqual(["create p-web-1"]);
});

test("containers of services that are gone are a warning, or go", () => {
  const observed = running(pair, "db-1", "web-1", "old-1");
  expect(planUp(pair, observed, digests).warnings).toEqual([expect.stringContaining("orphan containers (p-old-1)")]);
  expect(stepsOf(pair, observed, { removeOrphans: true })).toEqual(["stop p-old-1", "remove p-old-1 < stop p-old-1"]);
});

test("a volume without a name passes to the container's successor", () => {
  const name = "f".repeat(64);
  const before = projectOf({ db: { volumes: [{ type: "volume", target: "/data" }] } });
  const after = projectOf({ db: { volumes: [{ type: "volume", target: "/data" }], tty: true } });
  const container = containerOf(before, "db-1", {
    volumes: [
      { name, target: "/data" },
      { name: "a".repeat(64), target: "/image" },
    ],
  });
  const create = planUp(after, { ...nothing, containers: [container] }, digests).operations.find(({ id }) =>
    id.startsWith("create"),
  );
  expect(create?.action).toMatchObject({
    body: {
      HostConfig: {
        Mounts: [
          { Type: "volume", Source: name, Target: "/data" },
          { Type: "volume", Source: "a".repeat(64), Target: "/image" },
        ],
      },
    },
  });
});

test("a network or volume with other settings stays, and that is a warning", () => {
  const project = projectOf(
    { a: {} },
    { networks: { default: { name: "p_default", external: false, internal: true } } },
  );
  const labels = { "com.docker.compose.project": "p", "com.docker.compose.config-hash": "another" };
  const observed = { ...nothing, networks: [{ name: "p_default", labels }] };
  const plan = planUp(project, observed, digests);
  expect(plan.warnings).toEqual([expect.stringContaining("p_default has other settings than the file says")]);
  expect(shown(plan.operations)).not.toContain("network p_default");
});

test("external networks and volumes must be there", () => {
  const project = projectOf({ a: { networks: { n: {} } } }, { networks: { n: { name: "shared", external: true } } });
  expect(() => planUp(project, nothing, digests)).toThrow(expect.objectContaining({ code: "network-not-found" }));
  const there = { ...nothing, networks: [{ name: "shared", labels: {} }] };
  expect(stepsOf(project, there)).not.toContain("network shared");
});

test.each([
  ["a missing one is pulled", {}, false, {}, "pull-image", false],
  ["one that is there is not", {}, true, {}, undefined, undefined],
  ["always means also one that is there", { pull_policy: "always" }, true, {}, "pull-image", true],
  ["the option is stronger", { pull_policy: "always" }, true, { pull: "missing" as const }, undefined, undefined],
  ["a missing one is built where it can", { build: { context: "." } }, false, {}, "build-image", false],
  [
    "one that is there is built again when asked",
    { build: { context: "." } },
    true,
    { build: true },
    "build-image",
    true,
  ],
])("of images, %s", (_name, service, isThere, options, kind, isRefresh) => {
  const images = new Map(isThere ? [["x", "sha256:x"]] : []);
  const [step] = planImages(projectOf({ a: service }), ["a"], images, options);
  expect([step?.action.kind, step?.isRefresh]).toEqual([kind, isRefresh]);
});

test("an image that lacks and must not be pulled is an error", () => {
  const plan = () => planImages(projectOf({ a: { pull_policy: "never" } }), ["a"], new Map());
  expect(plan).toThrow(expect.objectContaining({ code: "image-not-found" }));
});

test("an image that several services use is fetched once, and built if one of them can", () => {
  const project = projectOf({ a: {}, b: { build: { context: "." } }, c: {} });
  const steps = planImages(project, ["a", "b", "c"], new Map());
  expect(steps.map(({ action }) => action.kind)).toEqual(["build-image"]);
});
