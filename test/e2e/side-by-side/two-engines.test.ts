import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type EngineOn, startEngineOn } from "../../support/engine-on";
import { saveTestImage } from "../../support/images";
import { waitUntil } from "../../support/wait-until";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runcible-two-"));
  await saveTestImage("busybox", "bb:latest", join(folder, "image.tar"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Side {
  readonly engine: EngineOn;
  readonly page: string;
}

/** An engine with a network, a server and a client, all named as those of any other side. */
async function startSide(page: string): Promise<Side> {
  const engine = await startEngineOn();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  const { docker } = engine;
  await docker("load", "-i", join(folder, "image.tar"));
  await docker("network", "create", "same");
  const serve = `mkdir /page && echo ${page} > /page/index.html && exec httpd -f -h /page`;
  // A shell as process 1 hears no SIGTERM, and an engine gives its containers ten seconds.
  const start = ["run", "-d", "--stop-signal", "KILL", "--network", "same"];
  await docker(...start, "--name", "server", "--network-alias", "web", "-p", "80", "bb", "sh", "-c", serve);
  await docker(...start, "--name", "client", "bb", "sleep", "600");
  const side = { engine, page };
  // Its server listens some time after the start, which nobody waits for.
  expect(await waitUntil(async () => (await askInside(side, "web")) === page, 30_000)).toBe(true);
  return side;
}

/** What a container finds under a name of its network. */
async function askInside({ engine }: Side, name: string): Promise<string> {
  const address = `$(nslookup -type=a ${name} | awk '/^Address: / { print $2 }')`;
  const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 30 ${address} 80 | tail -n 1`;
  return (await engine.docker("exec", "client", "sh", "-c", ask)).trim();
}

async function askOutside({ engine }: Side, host: string): Promise<string> {
  const [line = ""] = (await engine.docker("port", "server", "80")).split("\n");
  const port = line.slice(line.lastIndexOf(":") + 1);
  const answer = await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(30_000) });
  return (await answer.text()).trim();
}

async function expectAllWell(side: Side): Promise<void> {
  for (const name of ["server", "web", "server.same"]) expect(await askInside(side, name)).toBe(side.page);
  for (const host of ["127.0.0.1", "[::1]"]) expect(await askOutside(side, host)).toBe(side.page);
  expect((await side.engine.docker("ps", "-q")).trim().split("\n")).toHaveLength(2);
  expect((await side.engine.docker("network", "ls", "-q", "--filter", "name=same")).trim().split("\n")).toHaveLength(1);
}

test("two engines with networks, containers, aliases and ports of the same names do not see each other", async () => {
  const [one, two] = await Promise.all([startSide("one"), startSide("two")]);
  await Promise.all([expectAllWell(one), expectAllWell(two)]);
});

test("when one of two engines is killed, the other's containers go on", async () => {
  const [killed, other] = await Promise.all([startSide("killed"), startSide("other")]);
  await killed.engine.kill();
  await expectAllWell(other);
  await other.engine.docker("run", "--rm", "--network", "same", "bb", "nslookup", "-type=a", "server");
});
