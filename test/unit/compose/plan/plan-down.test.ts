import { expect, test } from "vitest";
import { label } from "../../../../src/compose/plan/labels";
import { planDown, planStop } from "../../../../src/compose/plan/plan-down";
import { containerOf, projectOf, running, shown } from "./project-of";

const pair = projectOf({ web: { depends_on: { db: { condition: "service_started" } } }, db: {} });

test("what depends on a service stops before it, and the network goes last", () => {
  expect(shown(planDown("p", pair, running(pair, "db-1", "web-1")))).toEqual([
    "stop p-db-1 < stop p-web-1",
    "remove p-db-1 < stop p-db-1",
    "stop p-web-1",
    "remove p-web-1 < stop p-web-1",
    "remove-network p_default < remove p-db-1, remove p-web-1",
  ]);
});

test("without the file everything of that name goes, with it orphans stay unless asked for", () => {
  const observed = running(pair, "db-1", "old-1");
  const removed = (...args: [typeof pair | undefined, object?]): string[] =>
    shown(planDown("p", args[0], observed, args[1])).filter((step) => step.startsWith("remove p"));
  expect(removed(undefined)).toHaveLength(2);
  expect(removed(pair)).toEqual(["remove p-db-1 < stop p-db-1"]);
  expect(removed(pair, { removeOrphans: true })).toHaveLength(2);
});

test("volumes go only when asked for, and only the project's own", () => {
  const volumes = [
    { name: "p_data", labels: { [label.project]: "p" } },
    { name: "foreign", labels: { [label.project]: "q" } },
  ];
  const observed = { ...running(pair), volumes };
  expect(shown(planDown("p", pair, observed))).toEqual(["remove-network p_default"]);
  expect(shown(planDown("p", pair, observed, { volumes: true }))).toEqual([
    "remove-network p_default",
    "remove-volume p_data",
  ]);
});

test.each([
  ["all", ["remove-image x", "remove-image p-b"]],
  ["local", ["remove-image p-b"]],
] as const)("of images %s go when asked for", (images, expected) => {
  const project = projectOf({ a: { image: "x" } });
  const { image: _, ...built } = { ...project.services["a"], build: { context: "." } };
  const both = { ...project, services: { ...project.services, b: built } };
  const observed = {
    ...running(project),
    networks: [],
    images: new Map([
      ["x", "1"],
      ["p-b", "2"],
    ]),
  };
  expect(shown(planDown("p", both, observed, { images }))).toEqual(expected);
});

test("labels that depend on each other make no step wait for itself", () => {
  const labelled = (name: string, dependsOn: string) =>
    containerOf(pair, name, {
      labels: { [label.project]: "p", [label.dependsOn]: `${dependsOn}:service_started:false` },
    });
  const observed = { ...running(pair), containers: [labelled("db-1", "web"), labelled("web-1", "db")] };
  expect(shown(planStop(observed, []))).toEqual(["stop p-db-1", "stop p-web-1"]);
});
