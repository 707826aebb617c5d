// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of compose files
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { loadProject } from "../../../../src/compose/load/load-project";
import { isRuncibleError } from "../../../../src/internal/errors";
import { composeFiles } from "../../../support/compose-files";

/** Settings that are right, or nearly so. */
const settings = [
  ..."build: .|build: {context: b, args: [A=1]}|command: a 'b c'|command: [a]|entrypoint: a|environment: [A=1, B]".split(
    "|",
  ),
  ..."environment: {A: 1, B: }|environment: {A: '${A:-${B}}'}|ports: ['80', '1-2:3-4']|ports: [{target: 80}]".split(
    "|",
  ),
  ..."ports: [80:a]|expose: [1]|volumes: ['a:/b', './a:/c:ro', /d]|volumes: [{type: tmpfs, target: /e}]".split("|"),
  ..."volumes_from: [a:ro]|tmpfs: /a|networks: [a]|networks: {a: {aliases: [c]}, b: }|network_mode: 'service:a'".split(
    "|",
  ),
  ..."network_mode: host|depends_on: [b]|depends_on: {a: {condition: service_healthy}}|links: ['a:c']|extends: a".split(
    "|",
  ),
  ..."extends: {service: b}|profiles: [c]|secrets: [a]|configs: [{source: a, mode: 0400}]|scale: 2".split("|"),
  ..."healthcheck: {test: a, interval: 1m}|healthcheck: {disable: true}|deploy: {replicas: 2}|deploy: {labels: [a=b]}".split(
    "|",
  ),
  ..."deploy: {resources: {limits: {cpus: 0.5, memory: 1g}}}|logging: {driver: a, options: {b: 1}}|ulimits: {a: 1}".split(
    "|",
  ),
  ..."ulimits: {a: {soft: 1, hard: 2}}|extra_hosts: ['a:1.2.3.4']|extra_hosts: {a: [1.2.3.4]}|dns: 1.1.1.1".split("|"),
  ..."devices: ['/a:/b']|sysctls: [a=1]|labels: [a, b=c]|labels: {a: 1}|security_opt: ['seccomp=unconfined']".split(
    "|",
  ),
  ..."mem_limit: 64m|cpus: 0.5|restart: always|container_name: c|tty: 'yes'|x-mine: [a]|stop_grace_period: 1s".split(
    "|",
  ),
  ..."env_file: {path: a}|env_file: [{path: a, required: false}]|label_file: []|group_add: [1, a]|user: $A".split("|"),
].map((text): Record<string, unknown> => parse(text));

const odd = fc.oneof(
  fc.anything({ withNullPrototype: false, maxDepth: 2 }).filter(isYaml),
  fc.constantFrom("$", "${", "${A:?b}"),
);
const broken = fc.tuple(fc.nat({ max: settings.length - 1 }), odd);
const service = fc
  .tuple(
    fc.subarray(settings, { maxLength: 3 }),
    fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: broken }),
  )
  .map(([chosen, oddity]) => {
    const key = Object.keys(settings[oddity?.[0] ?? 0] ?? {})[0] ?? "image";
    return { image: "x", ...Object.assign({}, ...chosen), ...(oddity === undefined ? {} : { [key]: oddity[1] }) };
  });
const file = fc.record({ services: fc.record({ a: service, b: service }, { requiredKeys: ["a"] }) });
const resources =
  "networks: {a: , b: {internal: true}}\nvolumes: {a: }\nsecrets: {a: {file: a}}\nconfigs: {a: {content: a}}\n";

function isYaml(value: unknown): boolean {
  try {
    stringify(value);
    return true;
  } catch {
    return false;
  }
}

test("whatever two files hold, the answer is a project or an error with a code of compose files", async () => {
  await using written = await composeFiles({ "c.yaml": resources });
  const outcomes = { project: 0, error: 0 };
  await fc.assert(
    fc.asyncProperty(file, file, async (first, second) => {
      await written.write({ "a.yaml": stringify(first), "b.yaml": stringify(second) });
      try {
        await loadProject({ workingFolder: written.folder, files: ["a.yaml", "b.yaml", "c.yaml"], env: {} });
        outcomes.project += 1;
      } catch (error) {
        outcomes.error += 1;
        expect(isRuncibleError(error) ? error.code : error).toMatch(/^compose-/);
      }
    }),
    { numRuns: 150 },
  );
  expect(Math.min(outcomes.project, outcomes.error)).toBeGreaterThan(0);
}, 60_000);
