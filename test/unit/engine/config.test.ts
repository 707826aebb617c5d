import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readEngineConfig } from "../../../src/engine/config";
import { createRulesReader } from "../../../src/runtime/registry/registries-files";

test("authorities are where the machine has them, unless SSL_CERT_FILE says where, and where other variables name them", () => {
  const machines = readEngineConfig({ HOME: "/home/me" }).authorities;
  expect(machines).toContainEqual({ path: "/etc/ssl/certs/ca-certificates.crt" });

  const folders = { HOME: "/home/me", SSL_CERT_DIR: "/a::/b" };
  expect(readEngineConfig(folders).authorities).toEqual([
    ...machines,
    { path: "/a", variable: "SSL_CERT_DIR" },
    { path: "/b", variable: "SSL_CERT_DIR" },
  ]);
  const files = { HOME: "/home/me", SSL_CERT_FILE: "/c.pem", RUNCIBLE_EXTRA_CA_CERTS: "/d.pem" };
  expect(readEngineConfig(files).authorities).toEqual([
    { path: "/c.pem", variable: "SSL_CERT_FILE" },
    { path: "/d.pem", variable: "NODE_EXTRA_CA_CERTS" },
  ]);
});

test("registries.conf is looked for in the home folder first, then for the whole machine", () => {
  const { registriesConf } = readEngineConfig({ HOME: "/home/me" });
  const own = "/home/me/.config/containers/registries.conf";
  expect(registriesConf).toEqual([
    { file: own, folders: [`${own}.d`], isRequired: false },
    {
      file: "/etc/containers/registries.conf",
      folders: ["/etc/containers/registries.conf.d", `${own}.d`],
      isRequired: false,
    },
  ]);
});

test("a registries.conf that the environment names takes the place of both, and has to exist", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-conf-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "none.conf");
  const { registriesConf } = readEngineConfig({ HOME: folder, CONTAINERS_REGISTRIES_CONF: file });
  expect(registriesConf.map((place) => place.file)).toEqual([file]);
  await expect(createRulesReader(registriesConf)()).rejects.toMatchObject({
    code: "registries-conf-invalid",
    message: expect.stringContaining(file),
  });
});

test.each([
  ["https://me:secret@mirror.test/hub", "mirror.test has a user name or password.*docker login mirror.test"],
  ["https://secret@mirror.test", "mirror.test has a user name or password"],
  ["https://mirror.test/?token=secret", "mirror.test goes on after its path"],
  ["https://mirror.test/#secret", "mirror.test goes on after its path"],
  ["me:secret@mirror.test", "write https://HOST"],
  ["ftp://me:secret@mirror.test", "write https://HOST"],
])(
  "a mirror %s is refused, and its secret not repeated: docker info, errors and the log show mirrors",
  (url, reason) => {
    const read = (): unknown => readEngineConfig({ RUNCIBLE_REGISTRY_MIRRORS: `https://ok.test/hub, ${url}` });
    expect(read).toThrowError(expect.objectContaining({ code: "invalid-argument" }));
    expect(read).toThrowError(new RegExp(reason));
    expect(read).not.toThrowError(/secret/);
  },
);

test("mirrors are hosts, with or without a port and a path", () => {
  const urls = ["https://a.test", "http://127.0.0.1:5000/", "https://b.test/hub"];
  expect(readEngineConfig({ RUNCIBLE_REGISTRY_MIRRORS: urls.join(",") }).registryMirrors).toEqual(urls);
});
