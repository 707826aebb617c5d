// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of compose files
import { expect, test } from "vitest";
import { type LoadOptions, loadProject } from "../../../../src/compose/load/load-project";
import type { Project } from "../../../../src/compose/model/project";
import { composeFiles } from "../../../support/compose-files";

type Files = Readonly<Record<string, string>>;

async function load(files: Files, options: Partial<LoadOptions> = {}): Promise<Project> {
  await using written = await composeFiles(files);
  return await loadProject({ workingFolder: written.folder, env: {}, ...options });
}

/** The project with the folder's path as `/app`. */
async function loadShown(files: Files, options: Partial<LoadOptions> = {}): Promise<Project> {
  await using written = await composeFiles(files);
  const project = await loadProject({ workingFolder: written.folder, env: {}, ...options });
  return JSON.parse(JSON.stringify(project).replaceAll(written.folder, "/app"));
}

const one = "services: {a: {image: x}}";

test("a service joins the project's default network, and resources are named after the project", async () => {
  const text =
    "services: {a: {image: x, volumes: ['data:/d']}}\nvolumes: {data: , other: {name: own}, ext: {external: true}}";
  const project = await load({ "compose.yaml": text });
  expect(project.name).toBe("app");
  expect(project.services["a"]).toMatchObject({ image: "x", networks: { default: {} } });
  expect(project.networks).toEqual({ default: { name: "app_default", external: false } });
  expect(project.volumes).toEqual({
    data: { name: "app_data", external: false },
    other: { name: "own", external: false },
    ext: { name: "ext", external: true },
  });
});

test.each<[string, Files, Partial<LoadOptions>, string]>([
  ["the option", { "compose.yaml": `name: b\n${one}` }, { projectName: "a", env: { COMPOSE_PROJECT_NAME: "c" } }, "a"],
  ["the variable", { "compose.yaml": `name: b\n${one}` }, { env: { COMPOSE_PROJECT_NAME: "c" } }, "c"],
  ["the variable in .env", { "compose.yaml": one, ".env": "COMPOSE_PROJECT_NAME=d" }, {}, "d"],
  ["the key, fitted", { "compose.yaml": `name: "_My App.2"\n${one}` }, {}, "myapp2"],
  ["the key", { "compose.yaml": `name: b-\${N:-x}\n${one}` }, {}, "b-x"],
  ["the last file's key", { a: `name: a\n${one}`, b: "name: b" }, { files: ["a", "b"] }, "b"],
  ["the folder", { "compose.yaml": one }, {}, "app"],
  ["another folder", { "My_App.2/compose.yaml": one }, { files: ["My_App.2/compose.yaml"] }, "my_app2"],
])("the project's name is that of %s", async (_name, files, options, expected) => {
  expect((await load(files, options)).name).toBe(expected);
});

test("a build without a context has the project's folder for it", async () => {
  const text = 'services: {a: {build: {dockerfile_inline: "FROM x"}}, b: {build: {context: sub}}, c: {build: .}}';
  const { services } = await loadShown({ "compose.yaml": text });
  expect(Object.values(services).map(({ build }) => build?.context)).toEqual(["/app", "/app/sub", "/app"]);
});

test("the override beside the file is read, and files named by COMPOSE_FILE are in its place", async () => {
  const files = {
    "compose.yaml": one,
    "compose.override.yaml": "services: {a: {tty: true}}",
    other: "services: {b: {image: y}}",
  };
  expect((await load(files)).services["a"]).toMatchObject({ image: "x", tty: true });
  expect(Object.keys((await load(files, { env: { COMPOSE_FILE: "other" } })).services)).toEqual(["b"]);
});

test("variables come from the caller before .env, and those that lack are a warning", async () => {
  const text = "services:\n  a:\n    image: ${I}:${T}\n    command: echo $$HOME ${NONE}\n";
  const project = await load({ "compose.yaml": text, ".env": "I=file\nT=file" }, { env: { T: "env" } });
  expect(project.services["a"]).toMatchObject({ image: "file:env", command: ["echo", "$HOME"] });
  expect(project.warnings).toEqual(['The "NONE" variable is not set. Defaulting to a blank string.']);
});

test("a number that JavaScript has to round stays as it is written", async () => {
  const text = "services: {a: {image: x, environment: {ID: 123456789012345678, SMALL: 5, AMOUNT: 1.50}}}";
  const project = await load({ "compose.yaml": text });
  expect(project.services["a"]?.environment).toEqual({ AMOUNT: "1.5", ID: "123456789012345678", SMALL: "5" });
});

test("environment files come in order, below what the file itself says; a bare name comes from the caller", async () => {
  const text = `
services:
  a:
    image: x
    env_file: [one.env, {path: two.env}, {path: none.env, required: false}, {path: raw.env, format: raw}]
    environment: {C: own, D: , E: }
`;
  const files = { "compose.yaml": text, "one.env": "A=1\nB=1\nC=1", "two.env": "B=$A${OUT}", "raw.env": "R='$A'" };
  const project = await load(files, { env: { OUT: "o", D: "d" } });
  expect(project.services["a"]?.environment).toEqual({ A: "1", B: "1o", C: "own", D: "d", E: null, R: "'$A'" });
});

test("anchors, aliases, merge keys and x- fields", async () => {
  const text = `
x-one: &one {environment: {A: 1, B: 1}, tty: true}
x-two: &two {tty: false, user: me}
services:
  a:
    <<: [*one, *two]
    image: x
    x-note: anything
  b: {<<: *one, image: y, tty: false}
`;
  const { services } = await load({ "compose.yaml": text });
  expect(services["a"]).toMatchObject({ tty: true, user: "me", environment: { A: "1", B: "1" } });
  expect(services["b"]).toMatchObject({ tty: false, image: "y" });
});

test("extends takes over a service of the same or of another file, with paths from there", async () => {
  const files = {
    "compose.yaml": `
services:
  a: {extends: {file: shared/base.yaml, service: web}, environment: {A: own}, volumes: ["./here:/here"]}
  b: {extends: a, image: y}
`,
    "shared/base.yaml": `
services:
  web: {extends: root, environment: {A: base, B: base}, volumes: ["./there:/there"], env_file: base.env}
  root: {image: x, build: ./build}
`,
    "shared/base.env": "FROM_FILE=1",
  };
  const { services } = await loadShown(files);
  expect(services["a"]).toMatchObject({
    image: "x",
    build: { context: "/app/shared/build" },
    environment: { A: "own", B: "base", FROM_FILE: "1" },
    volumes: [{ source: "/app/shared/there" }, { source: "/app/here" }],
  });
  expect(services["b"]).toMatchObject({ image: "y", environment: { A: "own" } });
});

test("include brings in files with their own folder and environment", async () => {
  const files = {
    "compose.yaml":
      "include: [db/compose.yaml, {path: [x/a.yaml, x/b.yaml], project_directory: ., env_file: x.env}]\nservices: {a: {image: x, depends_on: [db]}}",
    "db/compose.yaml": "services: {db: {image: 'db:${TAG}', volumes: ['./data:/data', 'v:/v']}}\nvolumes: {v: }",
    "db/.env": "TAG=1",
    "x/a.yaml": "services: {x: {image: 'x:${TAG}', volumes: ['./data:/data']}}",
    "x/b.yaml": "services: {x: {tty: true}}",
    "x.env": "TAG=2",
  };
  const { services, volumes } = await loadShown(files);
  expect(services["db"]).toMatchObject({ image: "db:1", volumes: [{ source: "/app/db/data" }, { source: "v" }] });
  expect(services["x"]).toMatchObject({ image: "x:2", tty: true, volumes: [{ source: "/app/data" }] });
  expect(Object.keys(volumes)).toEqual(["v"]);
});

const profiled = `
services:
  app: {image: x}
  tool: {image: x, profiles: [debug], depends_on: [helper]}
  helper: {image: x, profiles: [debug]}
  other: {image: x, profiles: [other]}
`;

test.each<[string, Partial<LoadOptions>, string[]]>([
  ["none", {}, ["app"]],
  ["one", { profiles: ["debug"] }, ["app", "helper", "tool"]],
  ["all", { profiles: ["*"] }, ["app", "helper", "other", "tool"]],
  ["those of the variable", { env: { COMPOSE_PROFILES: "other" } }, ["app", "other"]],
  ["those of a service asked for by name", { services: ["tool"] }, ["app", "helper", "tool"]],
])("with %s of the profiles active, the services are %j", async (_name, options, expected) => {
  expect(Object.keys((await load({ "compose.yaml": profiled }, options)).services)).toEqual(expected);
});

test("what uses a part of another service depends on it", async () => {
  const text = `
services:
  a: {image: x}
  b: {image: x, links: ["a:alias"]}
  c: {image: x, network_mode: "service:a"}
  d: {image: x, volumes_from: ["a:ro", "container:foreign"]}
  e: {image: x, depends_on: {nothing: {condition: service_started, required: false}}}
`;
  const { services, warnings } = await load({ "compose.yaml": text });
  const started = { condition: "service_started", required: true };
  expect(["b", "c", "d", "e"].map((name) => services[name]?.depends_on)).toEqual([
    { a: { ...started, restart: true } },
    { a: { ...started, restart: true } },
    { a: started },
    {},
  ]);
  expect(services["c"]?.networks).toBeUndefined();
  expect(warnings).toEqual(['service "e" depends on "nothing", which is not defined and not required']);
});

test("a seccomp profile is read from its file, beside the compose file that names it", async () => {
  const files = {
    "compose.yaml": "services: {a: {extends: {file: s/b.yaml, service: b}, security_opt: [seccomp=unconfined]}}",
    "s/b.yaml": "services: {b: {image: x, security_opt: ['seccomp:p.json', no-new-privileges]}}",
    "s/p.json": '{"defaultAction":"SCMP_ACT_ALLOW"}',
  };
  const { services } = await load({ ...files });
  expect(services["a"]?.security_opt).toEqual([
    'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}',
    "no-new-privileges",
    "seccomp=unconfined",
  ]);
});

test("a setting that is not applied is a warning", async () => {
  const { warnings } = await load({ "compose.yaml": "services: {a: {image: x, storage_opt: {size: 1g}}}" });
  expect(warnings).toEqual(["services.a.storage_opt has no effect"]);
});

test("the obsolete key version is a warning", async () => {
  const { warnings } = await load({ "compose.yaml": `version: "3.8"\n${one}` });
  expect(warnings).toEqual([expect.stringMatching(/compose.yaml:1: the key version is obsolete/)]);
});
