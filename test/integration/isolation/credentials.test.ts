import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EngineClient } from "../../../src/client/client";
import { runUnchecked } from "../../../src/internal/exec";
import type { RegistryAuth } from "../../../src/wire/registry-auth";
import { packContext } from "../../support/build/pack-context";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";
import { busyboxImage } from "../api/busybox-image";

const engine = useEngineOfThisFile();
let registry: TestRegistry;
/** In the engine, whoever may read the registry. */
let ownImage: string;

beforeAll(async () => {
  registry = await startRegistry({ auth: "basic" });
  await pushLayers(registry, "private/app:1", [noiseLayer("noise", 3_000_000)]);
  ownImage = await busyboxImage();
});

afterAll(() => registry[Symbol.asyncDispose]());

/** A password as it is, as it goes over the wire, and as the API's header has it. */
function formsOf(username: string, password: string): readonly string[] {
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  const header = Buffer.from(JSON.stringify({ username, password })).toString("base64").slice(4, -8);
  return [password, auth, header, encodeURIComponent(password)];
}

/** Command lines and environments of everything that belongs to the engine, while something goes on. */
async function processTexts(): Promise<string> {
  const texts = (await processesOf(engine.stateFolder)).flatMap(({ pid }) =>
    ["cmdline", "environ"].map((file) => readFile(`/proc/${pid}/${file}`, "latin1").catch(() => "")),
  );
  return (await Promise.all(texts)).join("\n");
}

interface Operation {
  readonly client: EngineClient;
  /** Name of the private image, without its tag. */
  readonly name: string;
  readonly auth: RegistryAuth;
}

/** Each resolves to an image that it has made or moved. */
const operations = {
  pull: async ({ client, name, auth }: Operation): Promise<string> => {
    await client.images.pull({ name, tag: "1", auth });
    return `${name}:1`;
  },
  push: async ({ client, name, auth }: Operation): Promise<string> => {
    await client.images.tag(ownImage, { repo: `${name}-pushed`, tag: "1" });
    await client.images.push({ name: `${name}-pushed`, tag: "1", auth });
    return `${name}-pushed:1`;
  },
  build: async ({ client, name, auth }: Operation): Promise<string> => {
    const context = packContext({ Dockerfile: `FROM ${name}:1\nLABEL built=yes\nCOPY Dockerfile /\n` });
    const auths = new Map([[auth.serverAddress ?? "", auth]]);
    return await client.build.image({ context, pull: true, noCache: true, auths });
  },
} as const;

describe.each(Object.keys(operations) as (keyof typeof operations)[])("%s", (operation) => {
  test.each(["open sesame", "wrong & secret"])(
    "a registry's password (%s) is in no process, log, error, file, event, history or answer",
    async (password) => {
      const { username } = registry.credentials;
      const { client, stateFolder } = engine;
      const auth = { username, password, serverAddress: registry.host };
      const seen: string[] = [];
      const abort = new AbortController();
      const listening = listen(await client.events.subscribe({ signal: abort.signal }), seen);
      let isOver = false;
      const watching = (async (): Promise<void> => {
        while (!isOver) seen.push(await processTexts());
      })();

      const result = await operations[operation]({ client, name: `${registry.host}/private/app`, auth }).catch(
        (error: unknown) => (error instanceof Error ? error : new TypeError(String(error))),
      );
      isOver = true;
      await watching;
      abort.abort();
      await listening;

      expect(seen.join("")).toContain(`RUNCIBLE_STATE_DIR=${stateFolder}`);
      expect(typeof result === "string").toBe(password === registry.credentials.password);
      if (typeof result === "string")
        seen.push(
          JSON.stringify(await client.images.inspect(result)),
          JSON.stringify(await client.images.history(result)),
        );
      else {
        expect(result).toMatchObject({ code: "registry-unauthorized" });
        for (let error: unknown = result; error instanceof Error; error = error.cause)
          seen.push(error.message, String(error.stack), JSON.stringify({ ...error }));
      }
      seen.push(JSON.stringify(await client.system.info()));
      for (const form of formsOf(username, password)) {
        expect(seen.filter((text) => text.includes(form))).toEqual([]);
        const { stdout } = await runUnchecked("grep", ["-rlF", "--exclude-dir=layers", "-e", form, stateFolder]);
        expect(stdout).toBe("");
      }
    },
  );
});

test.each([
  "/images/create?fromSrc=http://me:open+sesame@127.0.0.1:9/root.tar",
  "/build?remote=http://me:open+sesame@127.0.0.1:9/context.tar",
  "/build?remote=https://me:open+sesame@127.0.0.1:9/app.git",
])("the password in the URL of POST %s is in no answer and no log", async (path) => {
  const socketPath = join(engine.stateFolder, "engine.sock");
  const [answer] = await once(request({ socketPath, path, method: "POST" }).end(), "response");
  const said = await text(answer);

  expect(said).toContain("http");
  expect(said).not.toContain("sesame");
  expect(await readFile(join(engine.stateFolder, "engine.log"), "utf8")).not.toContain("sesame");
});

async function listen(events: AsyncIterable<object>, seen: string[]): Promise<void> {
  try {
    for await (const event of events) seen.push(JSON.stringify(event));
  } catch {
    // It was told to end.
  }
}
