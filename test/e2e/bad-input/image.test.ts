import { afterEach, expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { pushTestImage } from "../../support/images";
import { type Answer, type Fault, startFaultProxy } from "../../support/registry/fault-proxy";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry } from "../../support/registry/start-registry";
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
