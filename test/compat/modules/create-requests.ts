import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type ExpectedRequest, expectedRequests } from "./expected-requests";
import type { InstalledModules } from "./installed-modules";
import { newest } from "./published";
import type { RecordedContainer } from "./recording-proxy";
import { cases, type Recorded, secondImage, startRecorded } from "./start-recorded";

/** Tests of what all published modules ask of the daemon. */
export function testCreateRequests(installed: () => InstalledModules): void {
  describe("together", () => testTogether(installed));
}

function testTogether(installed: () => InstalledModules): void {
  let recorded: Recorded;
  beforeAll(async () => {
    const file = join(installed().folder, "any-file");
    await writeFile(file, "SET imported yes\n");
    recorded = await startRecorded(installed(), file);
  });

  function containerOf(name: string): RecordedContainer {
    const image = cases[name]?.args[0] ?? name;
    const found = recorded.containers.filter(({ body }) => body.Image === image);
    expect(found, `containers of ${image}`).toHaveLength(1);
    return found[0] as RecordedContainer;
  }

  test("all forty-two packages load, and each of their classes constructs and gets a container from the engine", () => {
    const packages = new Set(Object.values(cases).map(({ of }) => of));

    expect([...packages].sort()).toEqual(Object.keys(newest.modules).sort());
    expect(packages.size).toBe(42);
    // The images are no such services, so the containers end at once; whatever went wrong before that has another code.
    expect(Object.entries(recorded.outcomes).filter(([, outcome]) => outcome !== "start-failed")).toEqual([]);
    for (const name of Object.keys(cases)) containerOf(name);
  });

  test.each(Object.keys(expectedRequests))("%s asks for what the contract says, and for nothing else", (name) => {
    const request = requestOf(containerOf(name));

    expect(request).toEqual(expectedRequests[name]);
    expect(Object.values(containerOf(name).body.HostConfig?.PortBindings ?? {}).flat()).toEqual(
      request.ports.map(() => ({ HostPort: "0" })),
    );
  });

  test("azure-cosmosdb-emulator has the same port inside and on the host", () => {
    const { body } = containerOf("azure-cosmosdb-emulator");
    const [port = ""] = /(?<=^PORT=)\d+$/m.exec((body.Env ?? []).join("\n")) ?? [];

    expect(Object.keys(body.ExposedPorts ?? {})).toEqual([`${port}/tcp`]);
    expect(body.HostConfig?.PortBindings).toEqual({ [`${port}/tcp`]: [{ HostPort: port }] });
    expect(body.Env).toEqual([
      ...["PROTOCOL=https", `PORT=${port}`, "ENABLE_TELEMETRY=false", "ENABLE_EXPLORER=false"],
    ]);
  });

  test("azureservicebus starts a database of its own, and names it by its hostname", () => {
    const [database, emulator] = [containerOf(secondImage), containerOf("azureservicebus")];

    expect(database.aliases).toEqual(["mssql"]);
    expect(emulator.body.Env).toContain(`SQL_SERVER=${database.id.slice(0, 12)}`);
  });

  test("every container carries the labels by which it is found and removed", () => {
    for (const { body } of recorded.containers) {
      expect(body.Labels).toMatchObject({
        "org.testcontainers": "true",
        "org.testcontainers.lang": "node",
        "org.testcontainers.session-id": expect.stringMatching(/^\w+$/),
      });
    }
  });

  test("every case has an expectation", () => {
    const judged = [...Object.keys(expectedRequests), "azure-cosmosdb-emulator"];

    expect(judged.sort()).toEqual(Object.keys(cases).sort());
  });
}

/** In the form of what is expected. */
function requestOf({ body, files }: RecordedContainer): ExpectedRequest {
  const { PortBindings = {}, AutoRemove: _, ...host } = body.HostConfig ?? {};
  expect(Object.keys(body.ExposedPorts ?? {})).toEqual(Object.keys(PortBindings));
  const env = Object.fromEntries((body.Env ?? []).map((pair) => pair.split(/=(.*)/s, 2)));
  const { Test: healthTest, Interval = 0, Timeout = 0 } = body.Healthcheck ?? {};
  return {
    ports: Object.keys(PortBindings).map((key) => Number(key.replace("/tcp", ""))),
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(body.Cmd == null ? {} : { command: [body.Cmd].flat() }),
    ...(body.Entrypoint == null ? {} : { entrypoint: [body.Entrypoint].flat() }),
    ...(body.User ? { user: body.User } : {}),
    ...(healthTest == null ? {} : { healthCheck: { test: healthTest, interval: Interval, timeout: Timeout } }),
    ...(Object.keys(host).length === 0 ? {} : { host }),
    ...(files.size === 0 ? {} : { files: Object.fromEntries([...files].map(([path, { mode }]) => [path, mode])) }),
  };
}
