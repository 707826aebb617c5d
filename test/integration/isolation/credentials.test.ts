import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { runUnchecked } from "../../../src/internal/exec";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { noiseLayer, pushLayers } from "../../support/registry/layered-image";
import { startRegistry, type TestRegistry } from "../../support/registry/start-registry";

const engine = useEngineOfThisFile();
let registry: TestRegistry;

beforeAll(async () => {
  registry = await startRegistry({ auth: "basic" });
  await pushLayers(registry, "private/app:1", [noiseLayer("noise", 3_000_000)]);
  (await connect()).client.close();
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

test.each(["open sesame", "wrong & secret"])(
  "a registry's password (%s) is in no process, log, error, file or answer",
  async (password) => {
    const { username } = registry.credentials;
    const { client, stateFolder } = engine;
    const auth = { username, password, serverAddress: registry.host };
    const seen: string[] = [];
    let isOver = false;
    const watching = (async (): Promise<void> => {
      while (!isOver) seen.push(await processTexts());
    })();

    const name = `${registry.host}/private/app`;
    const failure = await client.images.pull({ name, tag: "1", auth }).then(
      () => undefined,
      (error: unknown) => error,
    );
    isOver = true;
    await watching;

    expect(failure === undefined).toBe(password === registry.credentials.password);
    if (failure instanceof Error) seen.push(failure.message, String(failure.stack), JSON.stringify({ ...failure }));
    else
      seen.push(
        JSON.stringify(await client.images.inspect(`${name}:1`)),
        JSON.stringify(await client.images.history(`${name}:1`)),
      );
    seen.push(JSON.stringify(await client.system.info()));
    for (const form of formsOf(username, password)) {
      expect(seen.filter((text) => text.includes(form))).toEqual([]);
      const { stdout } = await runUnchecked("grep", ["-rlF", "--exclude-dir=layers", "-e", form, stateFolder]);
      expect(stdout).toBe("");
    }
  },
);
