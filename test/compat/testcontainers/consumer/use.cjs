// A user's program on the published testcontainers package. Prints what it saw; stops nothing, so that all is left to the reaper.
const { mkdtempSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { GenericContainer, getContainerRuntimeClient, getReaper, Network, Wait } = require("testcontainers");

const image = process.env.IMAGE;
const web = "echo starting; mkdir -p /www; echo hello > /www/index.html; echo ready; exec httpd -f -p 80 -h /www";

async function use() {
  const network = await new Network().start();
  const server = await new GenericContainer(image)
    .withCommand(["sh", "-c", web])
    .withExposedPorts(80)
    .withNetwork(network)
    .withNetworkAliases("web")
    .withCopyContentToContainer([{ content: "copied", target: "/copied" }])
    .withHealthCheck({ test: ["CMD-SHELL", "wget -qO- localhost/ || exit 1"], interval: 300, retries: 20 })
    .withWaitStrategy(
      Wait.forAll([
        Wait.forListeningPorts(),
        Wait.forLogMessage("ready"),
        Wait.forHttp("/", 80),
        Wait.forHealthCheck(),
      ]),
    )
    .withTmpFs({ "/t": "rw" })
    .withEnvironment({ A: "1" })
    .withLabels({ x: "y" })
    .start();
  const get = async () => (await fetch(`http://${server.getHost()}:${server.getMappedPort(80)}/`)).text();
  const saw = { http: await get(), exec: await server.exec(["sh", "-c", "echo $A; cat /copied; exit 3"]) };
  const client = await new GenericContainer(image).withNetwork(network).withCommand(["sleep", "1000"]).start();
  saw.alias = (await client.exec(["wget", "-qO-", "http://web/"])).stdout;
  await server.restart();
  saw.httpAfterRestart = await get();
  saw.logs = await textOf(await server.logs(), "ready");
  const built = await GenericContainer.fromDockerfile(buildContext()).withBuildArgs({ WHO: "me" }).build();
  const once = await built.withWaitStrategy(Wait.forOneShotStartup()).start();
  saw.built = await textOf(await once.logs());
  saw.committed = (await client.commit({ repo: "committed", tag: "1" })).slice(0, 7);
  saw.session = (await getReaper(await getContainerRuntimeClient())).sessionId;
  return saw;
}

function buildContext() {
  const folder = mkdtempSync(join(tmpdir(), "runcible-context-"));
  const lines = [`FROM ${image}`, "ARG WHO", 'RUN echo "built for $WHO" > /f', 'CMD ["cat", "/f"]'];
  writeFileSync(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
  return folder;
}

/** Up to a word, or to the end. */
function textOf(stream, word) {
  return new Promise((resolve) => {
    let text = "";
    stream.on("data", (chunk) => {
      text += chunk;
      if (word !== undefined && text.includes(word)) resolve(text);
    });
    stream.on("end", () => resolve(text));
  });
}

// Following a log does not keep a process alive; a test runner is alive anyway.
setInterval(() => {}, 1000);
use().then(
  (saw) => {
    process.stdout.write(JSON.stringify(saw), () => process.exit(0));
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
