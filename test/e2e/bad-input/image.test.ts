import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { deferred } from "../../../src/internal/deferred";
import { tarOf } from "../../integration/layer/layer-fixture";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { pushTestImage } from "../../support/images";
import { type Answer, type Fault, startFaultProxy } from "../../support/registry/fault-proxy";
import {
  noiseLayer,
  pushLayers,
  type RawLayer,
  saveLayers,
  type TestLayer,
} from "../../support/registry/layered-image";
import { startRegistry } from "../../support/registry/start-registry";
import { waitUntil } from "../../support/wait-until";
import { expectNothingMade, failureOf } from "./failure";

const engine = useNewEngineOfThisFile();

expectNothingMade(engine);

afterEach(async () => {
  delete process.env["DOCKER_AUTH_CONFIG"];
  expect(await engine.client.images.list()).toEqual([]);
});

test("an image or a tag the registry does not have is named", async () => {
  await using registry = await startRegistry();
  const known = await pushTestImage(registry, "busybox", "app:1");

  for (const name of [`${registry.host}/nothing:1`, known.replace(/:1$/, ":2")]) {
    const error = await failureOf(new GenericContainer(name));
    expect(error.code).toBe("image-exists-nowhere");
    expect(error.message).toContain(name);
  }
});

test("a registry that is down is named with what to check", async () => {
  const registry = await startRegistry();
  await registry[Symbol.asyncDispose]();

  const error = await failureOf(new GenericContainer(`${registry.host}/app:1`));

  expect(error.code).toBe("registry-unreachable");
  expect(error.message).toContain(registry.host);
});

test("a registry that wants credentials says how to give them, and wrong ones are not shown", async () => {
  await using registry = await startRegistry({ auth: "basic" });
  const image = await pushTestImage(registry, "busybox");

  const without = await failureOf(new GenericContainer(image));
  const auth = Buffer.from("tester:wrong password").toString("base64");
  process.env["DOCKER_AUTH_CONFIG"] = JSON.stringify({ auths: { [registry.host]: { auth } } });
  const wrong = await failureOf(new GenericContainer(image));

  expect(without.code).toBe("registry-unauthorized");
  expect(wrong.code).toBe("registry-unauthorized");
  expect(wrong.message).not.toContain("wrong password");
});

test("a malformed reference is refused where it is given, with what is wrong", async () => {
  const error = await failureOf(new GenericContainer("Upper/Case:1"));

  expect(error.code).toBe("invalid-reference");
  expect(error.message).toContain("Upper/Case:1");
});

/** Of the one layer, which is not small. */
const lies: readonly { readonly what: string; readonly code: string; readonly change: (body: Buffer) => Buffer }[] = [
  { what: "a layer's bytes", code: "digest-mismatch", change: (body) => Buffer.alloc(body.length, 7) },
  { what: "a layer's size", code: "size-mismatch", change: (body) => Buffer.concat([body, Buffer.from("more")]) },
];

test.each(lies)("a registry that lies about $what is refused, and nothing of it stays", async ({ code, change }) => {
  await using registry = await startRegistry();
  await pushLayers(registry, "app:1", [noiseLayer("noise", 50_000)]);
  const fault = ({ path }: { readonly path: string }): Fault | undefined =>
    path.includes("/blobs/") ? { kind: "change", change: lyingAboutLayers(change) } : undefined;
  await using proxy = await startFaultProxy({ url: registry.url, fault });

  const error = await failureOf(new GenericContainer(`${proxy.host}/app:1`));

  expect(error.code).toBe(code);
  expect(error.message).toContain("sha256:");
});

/** Each with a layer below it that nothing is wrong with. */
const hostile = [
  ["a file outside", [{ name: "../outside", data: "x" }]],
  [
    "a file through a link",
    [
      { name: "a", type: "2", linkName: "/tmp" },
      { name: "a/outside", data: "x" },
    ],
  ],
  ["a hard link to the host", [{ name: "a", type: "1", linkName: "../../etc/passwd" }]],
  ["a whiteout of ..", [{ name: "a/.wh..." }]],
] as const;
const hostileImage = (entries: Parameters<typeof tarOf>[0]): readonly (TestLayer | RawLayer)[] => [
  noiseLayer("good", 50_000),
  { tar: tarOf(entries) },
];

test("an image with a hostile layer is refused when it is pulled, and nothing of it stays", async () => {
  await using registry = await startRegistry();
  for (const [, entries] of hostile) {
    await pushLayers(registry, "app:1", hostileImage(entries));

    const error = await failureOf(new GenericContainer(`${registry.host}/app:1`));

    expect(error.code).toBe("layer-invalid");
    expect(await readdir(join(engine.stateFolder, "images/blobs/sha256"))).toEqual([]);
  }
});

async function loadHostile(entries: Parameters<typeof tarOf>[0]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-hostile-"));
  try {
    const archive = join(folder, "image.tar");
    await saveLayers(archive, hostileImage(entries));
    await engine.client.images.load(createReadStream(archive));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.each(hostile)("an image with %s is refused when it is loaded, and nothing of it stays", async (_what, entries) => {
  await expect(loadHostile(entries)).rejects.toMatchObject({ code: "layer-invalid" });
});

test("a load that is refused takes nothing from a pull that is under way", async () => {
  await using registry = await startRegistry();
  await pushLayers(registry, "app:1", [noiseLayer("a", 50_000), noiseLayer("b", 60_000)]);
  const goesOn = deferred();
  // The larger layer waits.
  const fault = async ({ path }: { readonly path: string }): Promise<undefined> => {
    const { headers } = await fetch(`${registry.url}${path}`, { method: "HEAD" });
    if (path.includes("/blobs/") && Number(headers.get("content-length")) > 55_000) await goesOn.promise;
  };
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  const pulled = Promise.allSettled([engine.client.images.pull({ name: `${proxy.host}/app`, tag: "1" })]);
  const pieces = async (): Promise<readonly string[]> => {
    const lists = ["layers", "images/blobs/sha256"].map((name) => readdir(join(engine.stateFolder, name)));
    return (await Promise.all(lists))
      .flat()
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .sort();
  };
  // The config, and the smaller layer with its blob.
  expect(await waitUntil(async () => (await pieces()).length === 3, 30_000)).toBe(true);
  const before = await pieces();

  await expect(loadHostile(hostile[0][1])).rejects.toMatchObject({ code: "layer-invalid" });

  expect(await pieces()).toEqual(before);
  goesOn.resolve();
  expect(await pulled).toMatchObject([{ status: "fulfilled" }]);
  await engine.client.images.remove(`${proxy.host}/app:1`);
});

test("a prune frees what came of an image before its registry failed", async () => {
  await using registry = await startRegistry();
  await pushLayers(registry, "app:1", [noiseLayer("a", 50_000), noiseLayer("b", 60_000)]);
  // The larger layer never comes.
  const fault = async ({ path }: { readonly path: string }): Promise<Fault | undefined> => {
    if (!path.includes("/blobs/")) return undefined;
    const { headers } = await fetch(`${registry.url}${path}`, { method: "HEAD" });
    return Number(headers.get("content-length")) > 55_000 ? { kind: "answer", status: 404 } : undefined;
  };
  await using proxy = await startFaultProxy({ url: registry.url, fault });
  expect((await failureOf(new GenericContainer(`${proxy.host}/app:1`))).code).toBe("registry-error");

  const socketPath = join(engine.stateFolder, "engine.sock");
  const asked = request({ socketPath, method: "POST", path: "/images/prune" }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];

  const { SpaceReclaimed } = (await json(answer)) as { readonly SpaceReclaimed: number };
  expect(SpaceReclaimed).toBeGreaterThan(0);
});

/** Not about the config, which is small. */
function lyingAboutLayers(change: (body: Buffer) => Buffer): (answer: Answer) => Answer {
  return (answer) => {
    if (answer.body.length < 10_000) return answer;
    const body = change(answer.body);
    return { ...answer, body, headers: { ...answer.headers, "content-length": String(body.length) } };
  };
}

test("a credentials file that is no JSON is named, its content is not shown", async () => {
  process.env["DOCKER_AUTH_CONFIG"] = "{secret";

  const error = await failureOf(new GenericContainer("127.0.0.1:1/app:1"));

  expect(error.code).toBe("invalid-argument");
  expect(error.message).toContain("DOCKER_AUTH_CONFIG");
  expect(error.message).not.toContain("secret");
});
