// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of compose files
import { expect, test } from "vitest";
import { loadProject } from "../../../../src/compose/load/load-project";
import { isRuncibleError } from "../../../../src/internal/errors";
import { composeFiles } from "../../../support/compose-files";

/** Code and message, the folder's path left out. */
async function faultOf(files: Readonly<Record<string, string>>, services: readonly string[] = []): Promise<string> {
  await using written = await composeFiles(files);
  try {
    await loadProject({ workingFolder: written.folder, env: {}, services });
  } catch (error) {
    if (!isRuncibleError(error)) throw error;
    return `${error.code}: ${error.message.replaceAll(`${written.folder}/`, "")}`;
  }
  return "none";
}

const service = (text: string): string => `services:\n  a:\n    image: x\n    ${text}\n`;

test.each([
  [
    "an unknown key",
    service("imgae: y"),
    'compose.yaml:4: services.a.imgae: the compose specification has no such key; did you mean "image"?',
  ],
  [
    "an unknown key at the top",
    "service: {}",
    'compose.yaml:1: service: the compose specification has no such key; did you mean "services"?',
  ],
  ["a wrong type", service("ports: 80"), "compose.yaml:4: services.a.ports: it must be a list, not 80"],
  [
    "a text for a number",
    service("scale: many"),
    'compose.yaml:4: services.a.scale: it must be a whole number, not "many"',
  ],
  ["a number for a text", service("hostname: 5"), "compose.yaml:4: services.a.hostname: it must be a text, not 5"],
  ["a wrong number of CPUs", service("cpus: lots"), "services.a.cpus: it must be a number of CPUs such as 1.5"],
  [
    "a test without its kind",
    service("healthcheck:\n      test:\n        - curl\n        - x"),
    "compose.yaml:6: services.a.healthcheck.test: the first word of a list must be CMD, CMD-SHELL or NONE",
  ],
  ["a wrong duration", service("stop_grace_period: soon"), "must be a duration such as 1m30s"],
  ["a wrong size", service("mem_limit: much"), "must be a size such as 64m"],
  ["a wrong boolean", service("tty: perhaps"), "must be true or false"],
  [
    "a wrong word",
    service("depends_on: {b: {condition: ready}}"),
    'services.a.depends_on.b.condition: it is service_started, service_healthy, service_completed_successfully, not "ready"',
  ],
  ["an incomplete ulimit", service("ulimits: {nofile: {soft: 1}}"), "services.a.ulimits.nofile: it needs the key hard"],
  ["an invalid port", service('ports: ["80:http"]'), 'compose.yaml:4: services.a.ports: "80:http": it must be'],
  ["a port out of range", service("ports: [{target: 70000}]"), "target must be a port"],
  ["an invalid mount", service('volumes: ["a:b"]'), "the path in the container must be absolute"],
  ["an open quote", service(`command: "sh -c 'x"`), "services.a.command: a quote is not closed"],
  ["bad syntax", "services:\n  a: [", "compose.yaml:2:"],
  ["a tab", "services:\n\ta: 1", "compose.yaml:2:"],
  ["a key twice", "services:\n  a: {image: x, image: y}", "compose.yaml:2:"],
  ["no mapping", "- a", "compose.yaml:1: a compose file is a mapping"],
  ["a wrong variable", service("user: ${"), 'services.a.user: "${" is no variable'],
  ["a service without anything", "services: {a: }", "services.a.image: a service needs an image or a build"],
  ["a service without image", "services: {a: {tty: true}}", "services.a.image: a service needs an image or a build"],
  [
    "an unknown dependency",
    service("depends_on: [stoer]\n  store: {image: y}"),
    'compose.yaml:4: services.a.depends_on: there is no service "stoer"; did you mean "store"?',
  ],
  ["an unknown network", service("networks: [back]"), 'services.a.networks: there is no network "back"'],
  ["an unknown volume", service('volumes: ["data:/d"]'), 'services.a.volumes: there is no volume "data"'],
  ["an unknown secret", service("secrets: [key]"), 'services.a.secrets: there is no secret "key"'],
  ["an unknown config", service("configs: [key]"), 'services.a.configs: there is no config "key"'],
  ["an empty secret", `${service("tty: true")}secrets: {s: {}}`, "secrets.s: it needs one of file, environment"],
  [
    "an inactive dependency",
    service("depends_on: [b]\n  b: {image: y, profiles: [p]}"),
    'needs the service "b", whose profile is not active',
  ],
  [
    "a name for several",
    service("container_name: c\n    scale: 2"),
    "services.a.container_name: only one container can have the name",
  ],
  [
    "two network settings",
    service("network_mode: host\n    networks: [default]"),
    "services.a.network_mode: it excludes networks",
  ],
  ["a feature that is left out", service("gpus: all"), "services.a.gpus: it is not supported: devices such as GPUs"],
  [
    "an unknown restart policy",
    service("restart: sometimes"),
    "services.a.restart: it must be no, always, on-failure[:NUMBER] or unless-stopped",
  ],
  [
    "an unknown signal",
    service("stop_signal: SIGFOO"),
    'services.a.stop_signal: it must be a signal such as SIGTERM, not "SIGFOO"',
  ],
  [
    "a variable without a name",
    service('environment:\n      - A=1\n      - "=x"'),
    "compose.yaml:6: services.a.environment: a name must not be empty",
  ],
  ["a label without a name", service('labels: {"": x}'), "services.a.labels: a name must not be empty"],
  [
    "an unknown service in network_mode",
    service("network_mode: service:zz"),
    'compose.yaml:4: services.a.network_mode: there is no service "zz"',
  ],
  [
    "an unknown service in links",
    service("links:\n      - b\n      - c:d\n  b: {image: y}"),
    'compose.yaml:6: services.a.links: there is no service "c"',
  ],
  [
    "an unknown service in volumes_from",
    service("volumes_from: [b:ro]"),
    'compose.yaml:4: services.a.volumes_from: there is no service "b"',
  ],
  [
    "a wrong project name",
    `${service("tty: true")}name: "!!"`,
    'compose.yaml:5: name: "!!" must be of lower case letters',
  ],
  ["an unknown base", service("extends: b"), 'services.a.extends: there is no service "b" in compose.yaml'],
])("%s is refused with its place", async (_name, text, expected) => {
  const fault = await faultOf({ "compose.yaml": text });
  expect(fault).toContain("compose-file-invalid: read compose file: compose.yaml:");
  expect(fault).toContain(expected);
});

test.each([
  [
    "services that depend on each other",
    {
      "compose.yaml":
        "services: {a: {image: x, depends_on: [b]}, b: {image: x, links: [c]}, c: {image: x, depends_on: [a]}}",
    },
    "compose.yaml:1: services.a.depends_on: services depend on each other in a circle: a → b → c → a",
  ],
  [
    "services that extend each other",
    {
      "compose.yaml": "services: {a: {extends: b}, b: {extends: {file: o.yaml, service: c}}}",
      "o.yaml": "services: {c: {extends: {file: compose.yaml, service: a}}}",
    },
    "compose.yaml:1: services.a.extends: services extend each other in a circle: compose.yaml#a → compose.yaml#b → o.yaml#c → compose.yaml#a",
  ],
  [
    "files that include each other",
    { "compose.yaml": "include: [o.yaml]", "o.yaml": "include: [compose.yaml]" },
    "o.yaml:1: include: files include each other in a circle: compose.yaml → o.yaml → compose.yaml",
  ],
  [
    "services in a circle by other keys, over several lines,",
    {
      "compose.yaml":
        "services:\n  a:\n    image: x\n    links:\n      - b\n  b:\n    image: x\n    network_mode: service:a\n",
    },
    "compose.yaml:5: services.a.links: services depend on each other in a circle: a → b → a",
  ],
])("%s are refused with the chain", async (_name, files, expected) => {
  expect(await faultOf(files)).toMatch(/^compose-cycle: /);
  expect(await faultOf(files)).toContain(expected);
});

test("a variable that must be set names file, line and the reason given", async () => {
  const fault = await faultOf({ "compose.yaml": service("user: ${U:?who are you}") });
  expect(fault).toBe(
    "compose-variable-missing: read compose file: compose.yaml:4: services.a.user: the variable U is required: who are you",
  );
});

test.each([
  ["no compose file", {}, "compose-file-missing: find compose file"],
  [
    "a missing include",
    { "compose.yaml": "include:\n- none.yaml" },
    "compose-file-missing: read compose file: compose.yaml:2: include: read compose file: none.yaml: there is no such file",
  ],
  [
    "a missing base",
    { "compose.yaml": "services: {a: {extends: {file: none.yaml, service: a}}}" },
    "compose-file-missing: read compose file: compose.yaml:1: services.a.extends.file: read compose file: none.yaml",
  ],
  [
    "a missing environment file of an include",
    { "compose.yaml": "include:\n- path: o.yaml\n  env_file: none.env", "o.yaml": service("tty: true") },
    "compose-file-missing: read compose file: compose.yaml:3: include.env_file: read environment file: none.env",
  ],
  [
    "a file missing deeper down",
    { "compose.yaml": "include: [o.yaml]", "o.yaml": service("extends: {file: none.yaml, service: a}") },
    "compose-file-missing: read compose file: o.yaml:4: services.a.extends.file: read compose file: none.yaml",
  ],
  [
    "a missing label file",
    { "compose.yaml": service("label_file: none.env") },
    "compose-file-missing: read compose file: compose.yaml:4: services.a.label_file: read environment file: none.env",
  ],
  [
    "a missing seccomp profile",
    { "compose.yaml": service("security_opt: [seccomp=none.json]") },
    "compose-file-missing: read compose file: compose.yaml:4: services.a.security_opt: read compose file: none.json",
  ],
  [
    "a missing environment file",
    { "compose.yaml": service("env_file:\n      - path: there.env\n      - none.env"), "there.env": "" },
    "compose-file-missing: read compose file: compose.yaml:6: services.a.env_file: read environment file: none.env: there is no such file",
  ],
])("%s is told", async (_name, files, expected) => {
  expect(await faultOf(files)).toContain(expected);
});

test.each(["restart: always", "restart: on-failure:3", 'restart: "no"', 'restart: ""', "restart: no"])(
  "%s is a restart policy",
  async (line) => expect(await faultOf({ "compose.yaml": service(line) })).toBe("none"),
);

test.each(["SIGTERM", "int", '"9"', "sigrtmin+3", "RTMAX-2", "SIGWINCH"])("%s is a signal", async (signal) =>
  expect(await faultOf({ "compose.yaml": service(`stop_signal: ${signal}`) })).toBe("none"),
);

test("an unknown service asked for is told with the nearest one", async () => {
  expect(await faultOf({ "compose.yaml": "services: {store: {image: x}}" }, ["stores"])).toBe(
    'compose-service-unknown: find service: the project has no service "stores"; did you mean "store"?',
  );
});

test("an included resource that says something else than the file's own is refused with both places", async () => {
  const files = {
    "compose.yaml": "include: [o.yaml]\nservices: {a: {image: x}}",
    "o.yaml": "services:\n  a: {image: y}",
  };
  expect(await faultOf(files)).toContain("compose.yaml:2: services.a: an included file defines it too, in o.yaml:2");
});

test("aliases that multiply are refused before they fill the memory", async () => {
  const lines = Array.from(
    { length: 12 },
    (_, level) => `x-${level + 1}: &l${level + 1} [${Array(10).fill(`*l${level}`).join(", ")}]`,
  );
  const text = ["x-0: &l0 [a]", ...lines, "services: {a: {image: x}}"].join("\n");
  expect(await faultOf({ "compose.yaml": text })).toContain("aliases counted");
});

test("an anchor that contains itself is refused", async () => {
  expect(await faultOf({ "compose.yaml": "x-a: &a {b: *a}" })).toContain("the anchor &a contains itself");
});
