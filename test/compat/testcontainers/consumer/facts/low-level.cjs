// The low-level client, and what modules call beside their containers.
const { BoundPorts, getContainerRuntimeClient, getReaper, ImageName, log, StartedNetwork, Wait, waitForContainer } =
  require(process.env.LIB);
const { fact, named, report, seenIn, sleeper } = require("./facts.cjs");

const Image = process.env.IMAGE;
const statusOf = ({ statusCode, reason }) => [statusCode, reason];

async function containers({ container: client }) {
  const name = named("low");
  const Labels = { [name]: "1" };
  const created = await client.create({ Image, name, Cmd: ["sleep", "1000"], HostConfig: {}, Labels });
  const stateOf = async () => (await client.inspect(created)).State.Status;
  await client.start(created);
  await fact("client: a container", async () => [
    (await client.inspect(created)).Name === `/${name}`,
    (await client.fetchByLabel(name, "1")).id === created.id,
    (await client.fetchByLabel(name, "1", { status: ["exited"] })) ?? "none",
    (await client.list()).filter(({ Id }) => Id === created.id).map(({ Names, State }) => [Names.length, State]),
    await client.exec(created, ["echo", "hi"]),
  ]);
  await fact("client: what happens", async () => {
    const stream = await client.events(created, ["die", "start"]);
    const seen = [];
    const both = new Promise((resolve) => {
      stream.on("data", (chunk) => {
        seen.push(
          ...String(chunk)
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line).status),
        );
        if (seen.length > 1) resolve();
      });
    });
    await client.restart(created, { timeout: 0 });
    await both;
    stream.destroy();
    return seen;
  });
  await fact("client: an end", async () => {
    const states = [await stateOf()];
    await client.stop(created, { timeout: 0 });
    await client.stop(created);
    states.push(await stateOf());
    const id = await client.commit(created, { repo: name, tag: "1", changes: "ENV X=1\nLABEL y=2" });
    await client.dockerode.getImage(`${name}:1`).remove();
    await client.remove(created, { removeVolumes: true });
    return [states, /^sha256:/.test(id), await client.inspect(created).catch(statusOf)];
  });
  await fact("client: attached", async () => {
    const talker = await client.create({
      Image,
      Cmd: ["sh", "-c", "echo out; sleep 0.2; echo err >&2"],
      HostConfig: {},
    });
    const stream = await client.attach(talker);
    await client.start(talker);
    const chunks = await stream.toArray();
    await client.remove(talker);
    return chunks.map(String);
  });
}

async function others(client) {
  const { image, network, container } = client;
  const missing = ImageName.fromString("facts/nope:1");
  await fact("client: images", async () => [
    await image.exists(ImageName.fromString(Image)),
    await image.exists(missing),
    (await image.pull(ImageName.fromString(Image))) ?? null,
    (await image.inspect(ImageName.fromString(Image))).RepoTags,
    await image.inspect(missing).catch((error) => [...statusOf(error), error.message]),
  ]);
  await fact("client: networks", () =>
    seenIn(sleeper(), async (started) => {
      const created = await network.create({ Name: named("low-net"), Driver: "bridge", Labels: {} });
      await container.connectToNetwork(container.getById(started.getId()), created, ["alias"]);
      const { Containers } = await network.getById(created.id).inspect();
      await created.disconnect({ Container: started.getId() });
      const wrapped = new StartedNetwork(client, named("low-net"), created);
      const told = [wrapped.getId() === created.id, wrapped.getName() === named("low-net")];
      await wrapped.stop();
      return [Object.keys(Containers).length, told, await created.inspect().catch(statusOf)];
    }),
  );
  await fact("client: facts of the daemon", () => {
    const { node, containerRuntime } = client.info;
    const { host, hostIps, indexServerAddress, runtimes, operatingSystemType } = containerRuntime;
    const known = { host, hostIps, indexServerAddress, runtimes, operatingSystemType };
    return [Object.keys(node).sort(), Object.keys(containerRuntime).sort(), known];
  });
  await fact("reaper", async () => {
    const { sessionId, containerId } = await getReaper(client);
    return [/^[\da-f]{12}$/.test(sessionId), typeof containerId];
  });
  await fact("waited for", () =>
    seenIn(sleeper(), async (started) => {
      const handle = container.getById(started.getId());
      await waitForContainer(client, handle, Wait.forSuccessfulCommand("true"), new BoundPorts());
      const never = Wait.forLogMessage("never").withStartupTimeout(200);
      const failed = await waitForContainer(client, handle, never, new BoundPorts()).catch(({ message }) => message);
      return [failed, await handle.inspect().catch(statusOf)];
    }),
  );
  await fact("log", () => ["trace", "debug", "info", "warn", "error"].map((level) => log[level]("x", {}) ?? null));
}

async function main() {
  const client = await getContainerRuntimeClient();
  await containers(client);
  await others(client);
}

report(main);
