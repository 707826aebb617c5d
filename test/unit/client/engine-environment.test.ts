import { resolve } from "node:path";
import { expect, test } from "vitest";
import { engineEnvironment, systemPath } from "../../../src/client/engine-environment";

test("system programs are looked for beside those of the user's path, after them", () => {
  expect(systemPath("/opt/x/bin:/usr/bin:/usr/sbin")).toBe("/opt/x/bin:/usr/bin:/usr/sbin:/opt/x/sbin");
  expect(systemPath(undefined)).toContain("/usr/sbin");
});

test("an engine is told its folder and socket, and nothing that is meant for the process that starts it", () => {
  const env = { NODE_OPTIONS: "--inspect", HTTP_PROXY: "http://proxy", RUNCIBLE_SOCKET: "/other", PATH: "/bin" };
  expect(engineEnvironment(env, { stateFolder: "/state", socketPath: "/state/engine.sock" })).toEqual({
    HTTP_PROXY: "http://proxy",
    PATH: "/bin:/sbin",
    RUNCIBLE_STATE_DIR: "/state",
    RUNCIBLE_SOCKET: "/state/engine.sock",
  });
});

test("an engine and its programs do not read the certificates of NODE_EXTRA_CA_CERTS each time one starts", () => {
  const folders = { stateFolder: "/state", socketPath: "/state/engine.sock" };
  const environment = engineEnvironment({ NODE_EXTRA_CA_CERTS: "/company.pem" }, folders);
  expect(environment).toMatchObject({ RUNCIBLE_EXTRA_CA_CERTS: "/company.pem" });
  expect(environment).not.toHaveProperty("NODE_EXTRA_CA_CERTS");
});

test("paths of certificates hold wherever an engine works", () => {
  const folders = { stateFolder: "/state", socketPath: "/state/engine.sock" };
  const env = { SSL_CERT_FILE: "company.pem", SSL_CERT_DIR: "authorities:/etc/authorities" };
  expect(engineEnvironment(env, folders)).toMatchObject({
    SSL_CERT_FILE: resolve("company.pem"),
    SSL_CERT_DIR: `${resolve("authorities")}:/etc/authorities`,
  });
});

test("an engine makes terminals by the system's shell, whatever shell its user has", () => {
  const folders = { stateFolder: "/state", socketPath: "/state/engine.sock" };
  expect(engineEnvironment({ SHELL: "/usr/sbin/nologin" }, folders)).not.toHaveProperty("SHELL");
});

test.each([
  ...["DOCKER_AUTH_CONFIG", "NPM_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID_SECRET"],
  ...["PGPASSWORD", "db_password", "GOOGLE_APPLICATION_CREDENTIALS", "STRIPE_API_KEY", "SSH_AUTH_SOCK"],
  ...["SSHPASS", "MYSQL_PWD", "GITHUB_PAT", "CI_JOB_JWT", "NPM_AUTH"],
])("an engine is not told %s, which it would keep for hours", (name) => {
  const folders = { stateFolder: "/state", socketPath: "/state/engine.sock" };

  expect(engineEnvironment({ [name]: "secret", HTTPS_PROXY: "http://me:word@proxy" }, folders)).not.toHaveProperty(
    name,
  );
  expect(engineEnvironment({ HTTPS_PROXY: "http://me:word@proxy" }, folders)).toHaveProperty("HTTPS_PROXY");
});

test("nor a URL with a password, unless it is one that it needs", () => {
  const folders = { stateFolder: "/state", socketPath: "/state/engine.sock" };
  const url = "postgres://me:word@database/x";
  const told = engineEnvironment(
    { DATABASE_URL: url, RUNCIBLE_REGISTRY_MIRRORS: url, PLACE: "http://a:80/x@y" },
    folders,
  );

  expect(told).toMatchObject({ RUNCIBLE_REGISTRY_MIRRORS: url, PLACE: "http://a:80/x@y" });
  expect(told).not.toHaveProperty("DATABASE_URL");
});
