import { once } from "node:events";
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/client/connect";
import { GenericContainer } from "../../../src/index";
import { useTestEngine } from "../../support/engine";
import { archiveWithOwner } from "../../support/image/archive-with-owner";
import { pushTestImage } from "../../support/images";
import { processesOf } from "../../support/leaks/processes";
import { type OrdinaryUser, type ReadableCheckout, readableCheckout } from "../../support/ordinary-user";
import { startRegistry } from "../../support/registry/start-registry";
import { isMachineRoot, rootTest } from "../../support/run-as";
import { searchPathWithout } from "../../support/search-path";

const why = "only root can become another user";
let checkout: ReadableCheckout | undefined;
let lastUid = 64_100;

beforeAll(async () => {
  if (isMachineRoot) checkout = await readableCheckout();
});

afterAll(() => checkout?.[Symbol.asyncDispose]());

async function newUser(options?: { readonly mayHaveNamespaces: boolean }): Promise<OrdinaryUser> {
  if (checkout === undefined) throw new TypeError("only root can become another user");
  lastUid += 1;
  return await checkout.user(lastUid, options);
}

test("the engine says whether it is an ordinary user's", async () => {
  await using _engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "" });
  const { client } = await connect();
  const { SecurityOptions } = await client.system.info();
  client.close();
  expect(String(SecurityOptions).includes("name=rootless")).toBe(!isMachineRoot);
});

test("images are pulled and run where no program gives containers a way out", async () => {
  await using registry = await startRegistry();
  const image = await pushTestImage(registry, "busybox");
  const PATH = await searchPathWithout("pasta", "passt", "slirp4netns");
  await using engine = await useTestEngine({ DOCKER_HOST: "", RUNCIBLE_HOST: "", PATH });

  await using container = await new GenericContainer(image).withCommand(["sleep", "60"]).start();

  expect((await processesOf(engine.stateFolder)).map(({ key }) => key).join()).not.toMatch(/pasta|slirp4netns/);
  expect((await container.exec(["echo", "here"])).stdout).toBe("here\n");
});

rootTest(
  "a user without name, home and range of ids runs an image whose files have one owner, by no set-user-id program",
  why,
  async () => {
    await using user = await newUser();
    user.env["HOME"] = undefined;
    expect(await user.ask("say", "hello")).toBe("hello");
    expect(await user.ask("copy", "from outside")).toBe("from outside");
  },
);

rootTest("a program of the host that the user may run but not read is a container's first", why, async () => {
  await using user = await newUser();
  const program = join(dirname(user.stateFolder), "busybox");
  await copyFile("/bin/busybox", program);
  // It still is root's, who is nobody in the engine's user namespace.
  await chmod(program, 0o711);

  expect(await user.ask("run-program", program)).toContain("said");
});

rootTest("a user without home and state folder is told which variable names one", why, async () => {
  const user = await newUser();
  Object.assign(user.env, { HOME: undefined, RUNCIBLE_STATE_DIR: undefined });
  expect(await user.ask("list")).toMatchObject({
    code: "permission-denied",
    message: expect.stringContaining("RUNCIBLE_STATE_DIR"),
  });
});

rootTest("a user who may not open the socket of a daemon is told whose it is, and what opens it", why, async () => {
  const user = await newUser();
  const folder = await mkdtemp("/var/tmp/runcible-daemon-");
  const socket = join(folder, "docker.sock");
  const server = createServer().listen(socket);
  try {
    await once(server, "listening");
    await chmod(folder, 0o755);
    await chmod(socket, 0o660);
    await chown(socket, 0, 64_099);
    user.env["DOCKER_HOST"] = `unix://${socket}`;
    expect(await user.ask("list")).toMatchObject({
      code: "permission-denied",
      message: expect.stringMatching(
        /permission denied: .* \(root\) and group 64099; .*--group-add 64099.*unset DOCKER_HOST/,
      ),
    });
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});

rootTest("such a user is told what an image with more owners needs", why, async () => {
  await using user = await newUser();
  const folder = await mkdtemp("/var/tmp/runcible-archive-");
  try {
    const archive = await archiveWithOwner(folder, 42);
    expect(await user.ask("load", archive)).toMatchObject({
      code: "capability-missing",
      message: expect.stringMatching(/uid 42.*usermod --add-subuids/),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

rootTest("a user who may have no namespaces is told which setting forbids them", why, async () => {
  const user = await newUser({ mayHaveNamespaces: false });
  expect(await user.ask("list")).toMatchObject({
    code: "capability-missing",
    message: expect.stringMatching(/allows no user namespaces.*sysctl -w user\.max_user_namespaces/),
  });
});

rootTest("two users neither see nor reach what the other has", why, async () => {
  await using one = await newUser();
  await using other = await newUser();
  const served = await one.keep("serve", "secret");
  const { ip } = served.answer as { readonly ip: string };

  expect(await one.ask("hear", ip)).toBe("secret");
  expect(await other.ask("hear", ip)).not.toBe("secret");
  expect(await other.ask("list")).toEqual([]);
  await served.end();
});

rootTest("another user gets at neither socket, images, containers nor log", why, async () => {
  await using one = await newUser();
  await using other = await newUser();
  // Open to all until the engine starts.
  await mkdir(one.stateFolder, { mode: 0o755 });
  await chown(one.stateFolder, one.uid, one.uid);
  expect(await other.ask("read-folder", one.stateFolder)).toEqual([]);
  await one.ask("list");
  const denied = expect.objectContaining({ code: "EACCES" });

  expect(await one.ask("open-socket", join(one.stateFolder, "engine.sock"))).toBe("connected");
  expect(await other.ask("open-socket", join(one.stateFolder, "engine.sock"))).toEqual(denied);
  expect(await other.ask("read-folder", one.stateFolder)).toEqual(denied);
  expect(await other.ask("read-folder", join(one.stateFolder, "layers"))).toEqual(denied);
  expect(await other.ask("read-file", join(one.stateFolder, "engine.log"))).toEqual(denied);
});

rootTest(
  "a user's credentials are in no process of the engine, and another user reads none of these",
  why,
  async () => {
    await using one = await newUser();
    await using other = await newUser();
    const [password, auth] = ["known to one", Buffer.from("me:known to one").toString("base64")];
    one.env["DOCKER_AUTH_CONFIG"] = JSON.stringify({ auths: { "registry.test": { auth } } });
    one.env["DOCKER_PASSWORD"] = password;
    const served = await one.keep("serve", "running");

    const pids = (await processesOf(one.stateFolder)).map(({ pid }) => pid);
    const environments = pids.map((pid) => `/proc/${pid}/environ`);
    const known = await textsOf([...environments, ...pids.map((pid) => `/proc/${pid}/cmdline`)]);

    expect(known).toContain(`RUNCIBLE_STATE_DIR=${one.stateFolder}`);
    for (const secret of [password, auth]) expect(known).not.toContain(secret);
    const answers = (await other.ask("read-files", JSON.stringify(environments))) as readonly string[];
    expect(answers).toHaveLength(pids.length);
    // Some of them may have ended.
    for (const answer of answers) expect(answer).toMatch(/^(EACCES|ENOENT|ESRCH)$/);
    await served.end();
  },
);

async function textsOf(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map((path) => readFile(path, "latin1").catch(() => "")))).join("\n");
}
