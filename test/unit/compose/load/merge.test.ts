import { expect, test } from "vitest";
import { canonicalFile } from "../../../../src/compose/load/canonical";
import { composeShape } from "../../../../src/compose/load/compose-shape";
import { merge } from "../../../../src/compose/load/merge";
import type { MapNode } from "../../../../src/compose/load/node";
import { parseYaml } from "../../../../src/compose/load/parse-yaml";
import { readShape } from "../../../../src/compose/load/read-shape";

function file(text: string): MapNode {
  const source = { file: "compose.yaml", baseFolder: "/base" };
  const [document] = parseYaml(text, source);
  if (document === undefined) throw new TypeError("an empty file");
  return canonicalFile(document, { baseFolder: "/base", home: undefined });
}

/** The service `a` of files merged in their order, each given as what is below `a`. */
function merged(...texts: string[]): unknown {
  const [first, ...rest] = texts.map((text) => file(`services: {a: {${text}}}`));
  if (first === undefined) throw new TypeError("no file");
  const result = readShape(
    rest.reduce((base, over) => merge(base, over), first),
    composeShape,
  );
  return (result as { services: { a: unknown } }).services.a;
}

test.each([
  ["a scalar is replaced", ["image: x", "image: y"], { image: "y" }],
  ["a key that the second file leaves out stays", ["image: x, tty: true", "image: y"], { image: "y", tty: true }],
  ["mappings merge", ["labels: {a: 1, b: 2}", "labels: {b: 3, c: 4}"], { labels: { a: 1, b: 3, c: 4 } }],
  [
    "a list of pairs and a mapping merge",
    ["environment: [A=1, B=2]", "environment: {B: 3, C: }"],
    { environment: { A: "1", B: 3, C: null } },
  ],
  [
    "lists are appended to, without repeating",
    ["dns: 1.1.1.1", "dns: [1.1.1.1, 8.8.8.8]"],
    { dns: ["1.1.1.1", "8.8.8.8"] },
  ],
  ["a command is replaced", ["command: a b", "command: [c]"], { command: ["c"] }],
  ["an entrypoint is replaced", ["entrypoint: [a, b]", "entrypoint: c"], { entrypoint: ["c"] }],
  [
    "the test of a health check is replaced, the rest merges",
    ["healthcheck: {test: [CMD, a], interval: 1s}", "healthcheck: {test: b}"],
    { healthcheck: { test: ["CMD-SHELL", "b"], interval: "1s" } },
  ],
  [
    "a volume takes the place of the one with the same target",
    ['volumes: ["a:/x", "b:/y"]', 'volumes: ["c:/x:ro"]'],
    {
      volumes: [
        { type: "volume", source: "c", target: "/x", read_only: true, volume: {} },
        { type: "volume", source: "b", target: "/y", volume: {} },
      ],
    },
  ],
  [
    "ports are added unless they are the same",
    ['ports: ["8080:80"]', 'ports: ["8080:80/tcp", "8081:80"]'],
    {
      ports: [
        { target: 80, published: "8080", protocol: "tcp", mode: "ingress" },
        { target: 80, published: "8081", protocol: "tcp", mode: "ingress" },
      ],
    },
  ],
  [
    "a secret takes the place of the one with the same target",
    ["secrets: [one, two]", "secrets: [{source: three, target: one}]"],
    { secrets: [{ source: "three", target: "one" }, { source: "two" }] },
  ],
  [
    "dependencies of both syntaxes merge",
    ["depends_on: [b, c]", "depends_on: {c: {condition: service_healthy}}"],
    {
      depends_on: {
        b: { condition: "service_started", required: true },
        c: { condition: "service_healthy", required: true },
      },
    },
  ],
  [
    "networks of both syntaxes merge",
    ["networks: [x]", "networks: {x: {aliases: [y]}}"],
    { networks: { x: { aliases: ["y"] } } },
  ],
  [
    "a network without settings keeps those of before",
    ["networks: {x: {aliases: [y]}}", "networks: [x]"],
    { networks: { x: { aliases: ["y"] } } },
  ],
  ["builds of both syntaxes merge", ["build: .", "build: {target: t}"], { build: { context: "/base", target: "t" } }],
  [
    "options of another logging driver do not mix",
    ["logging: {driver: a, options: {x: 1}}", "logging: {driver: b, options: {y: 2}}"],
    { logging: { driver: "b", options: { y: 2 } } },
  ],
  [
    "options of the same logging driver merge",
    ["logging: {options: {x: 1}}", "logging: {options: {y: 2}}"],
    { logging: { options: { x: 1, y: 2 } } },
  ],
  ["!reset removes", ["image: x, ports: [80]", "ports: !reset []"], { image: "x" }],
  ["!reset removes one key of a mapping", ["labels: {a: 1, b: 2}", "labels: {a: !reset null}"], { labels: { b: 2 } }],
  ["what was reset can be set again", ["dns: a", "dns: !reset null", "dns: b"], { dns: ["b"] }],
  ["!reset alone is nothing", ["image: x, ports: !reset [80]"], { image: "x" }],
  ["!override replaces a list", ["dns: [a, b]", "dns: !override [c]"], { dns: ["c"] }],
  ["!override replaces a mapping", ["labels: {a: 1}", "labels: !override {b: 2}"], { labels: { b: 2 } }],
  ["!override replaces a short form", ["dns: [a, b]", "dns: !override c"], { dns: ["c"] }],
])("%s", (_name, texts, expected) => {
  expect(merged(...texts)).toEqual(expected);
});
