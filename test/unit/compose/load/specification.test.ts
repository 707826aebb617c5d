import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { composeShape } from "../../../../src/compose/load/compose-shape";
import { parseYaml } from "../../../../src/compose/load/parse-yaml";
import { readShape } from "../../../../src/compose/load/read-shape";
import type { RecordShape, Shape } from "../../../../src/compose/load/shape";
import { isRuncibleError } from "../../../../src/internal/errors";

interface Schema {
  readonly definitions: Readonly<Record<string, { readonly properties?: object }>>;
  readonly properties: object;
}

/** The specification's own JSON schema, which a linter for compose files brings along. */
const schema: Schema = JSON.parse(
  readFileSync(
    join(dirname(createRequire(import.meta.url).resolve("dclint/package.json")), "schemas/compose.schema.json"),
    "utf8",
  ),
);

function fieldsOf(shape: Shape | undefined, ...path: string[]): string[] {
  const [key, ...rest] = path;
  if (shape?.is === "either") return fieldsOf(shape.map, ...path);
  if (shape?.is === "list") return fieldsOf(shape.item, ...path);
  if (shape?.is === "map") return fieldsOf(shape.value, ...path);
  const { fields } = shape as RecordShape;
  return key === undefined ? Object.keys(fields).sort() : fieldsOf(fields[key], ...rest);
}

test.each([
  ["the top", [], schema.properties],
  ["services", ["services"], schema.definitions["service"]?.properties],
  ["health checks", ["services", "healthcheck"], schema.definitions["healthcheck"]?.properties],
  ["deployments", ["services", "deploy"], schema.definitions["deployment"]?.properties],
  ["networks", ["networks"], schema.definitions["network"]?.properties],
  ["volumes", ["volumes"], schema.definitions["volume"]?.properties],
])("every key that the specification's schema has for %s is known, and no other", (_name, path, properties) => {
  expect(fieldsOf(composeShape, ...path)).toEqual(Object.keys(properties ?? {}).sort());
});

const ajv = new Ajv({ strict: false, validateFormats: false, validateSchema: false });
ajv.addMetaSchema({ $id: "https://json-schema.org/draft-07/schema" });
const validate = ajv.compile({ ...schema });

function isAccepted(text: string): boolean {
  const [document] = parseYaml(text, { file: "compose.yaml", baseFolder: "/" });
  if (document === undefined) return false;
  try {
    readShape(document, composeShape);
    return true;
  } catch (error) {
    if (!isRuncibleError(error)) throw error;
    return false;
  }
}

const { parse } = createRequire(import.meta.url)("yaml") as typeof import("yaml");

/** What may be below a service, right and wrong. */
const settings = [
  ..."image: x|image: 5|image: [x]|build: .|build: {context: ., args: [A=1]}|build: {args: {A: 1, B: null}}".split("|"),
  ..."build: {contex: .}|build: 5|command: a b|command: [a, b]|command: {a: b}|command: 5|entrypoint: [1]".split("|"),
  ..."environment: [A=1, B]|environment: {A: 1, B: true, C: null}|environment: A=1|environment: {A: [1]}".split("|"),
  ..."ports: ['80', 80, {target: 80, published: '1-2'}]|ports: '80'|ports: [{taget: 80}]|ports: [[80]]".split("|"),
  ..."volumes: ['a:/b', {type: bind, source: a, target: /b}]|volumes: [{source: a}]|volumes: [{type: other}]".split(
    "|",
  ),
  ..."volumes: [{type: tmpfs, target: /a, tmpfs: {size: 1m, mode: 0700}}]|volumes: [5]|volumes: {a: b}".split("|"),
  ..."depends_on: [a]|depends_on: {a: {condition: service_healthy, restart: true}}|depends_on: {a: {}}".split("|"),
  ..."depends_on: {a: {condition: other}}|depends_on: a|depends_on: [5]|networks: [a]|networks: {a: null}".split("|"),
  ..."networks: {a: {aliases: [b], ipv4_address: 1.2.3.4}}|networks: {a: {alias: [b]}}|networks: a".split("|"),
  ..."healthcheck: {test: a, interval: 1m, retries: 3}|healthcheck: {tests: a}|healthcheck: a".split("|"),
  ..."deploy: {replicas: 2, resources: {limits: {cpus: '0.5', memory: 1g, pids: 3}}}|deploy: {replica: 2}".split("|"),
  ..."deploy: {resources: {limit: {}}}|env_file: a|env_file: [a, {path: b, required: false}]|env_file: {path: a}".split(
    "|",
  ),
  ..."env_file: [{required: true}]|secrets: [a, {source: b, target: c, mode: 0400}]|secrets: [{src: a}]".split("|"),
  ..."ulimits: {nofile: 5, nproc: {soft: 1, hard: 2}}|ulimits: {nofile: {soft: 1}}|ulimits: [5]".split("|"),
  ..."extra_hosts: ['a:1.2.3.4']|extra_hosts: {a: 1.2.3.4, b: [1.2.3.4]}|extra_hosts: a|dns: 1.1.1.1".split("|"),
  ..."dns: [1.1.1.1]|dns: {a: b}|dns_search: a|tmpfs: /a|tmpfs: [/a]|tmpfs: 5|sysctls: {a: 1}|sysctls: [a=1]".split(
    "|",
  ),
  ..."devices: ['/a:/b', {source: /a}]|devices: [{target: /a}]|labels: [a=b]|labels: {a: b}|labels: a".split("|"),
  ..."tty: true|tty: [true]|init: {a: b}|scale: 2|scale: {a: b}|mem_limit: 64m|mem_limit: 5|mem_limit: [5]".split("|"),
  ..."profiles: [a]|profiles: a|extends: a|extends: {service: a, file: b}|extends: {file: b}|extends: [a]".split("|"),
  ..."logging: {driver: a, options: {b: 1}}|logging: {drivers: a}|x-mine: {a: [b]}|unknown: 1|expose: [80, '81']".split(
    "|",
  ),
  ..."cap_add: [A]|cap_add: A|security_opt: [a]|group_add: [1, a]|group_add: 1|stop_grace_period: 1m|init: true".split(
    "|",
  ),
  ..."user: me|user: {a: b}|network_mode: host|pid: host|restart: always|working_dir: /a|hostname: 5|cpus: 0.5".split(
    "|",
  ),
  ..."develop: {watch: [{path: a, action: sync, target: /b}]}|pull_policy: always|platform: linux/amd64".split("|"),
];

test.each(settings)("the setting `%s` is judged as by the schema", (setting) => {
  const text = `services: {a: {${setting}}}`;
  expect(isAccepted(text)).toBe(validate(parse(text)));
});

test.each([
  "services: {}",
  "services: []",
  "services: {a!: {image: x}}",
  "service: {}",
  "name: x",
  "name: [x]",
  "version: '3'",
  "include: [a, {path: b, env_file: c}]",
  "include: a",
  "include: [{paths: a}]",
  "networks: {a: null, b: {driver: bridge, ipam: {config: [{subnet: 10.0.0.0/8}]}}}",
  "networks: {a: {drivers: b}}",
  "networks: {a: {external: true}}",
  "networks: {a: {external: {name: b}}}",
  "volumes: {a: null, b: {name: c, labels: [d=e]}}",
  "volumes: [a]",
  "secrets: {a: {file: b}}",
  "secrets: {a: b}",
  "configs: {a: {content: b}}",
  "configs: {a: {contents: b}}",
  "x-anything: [1]",
])("the file `%s` is judged as by the schema", (text) => {
  expect(isAccepted(text)).toBe(validate(parse(text)));
});
