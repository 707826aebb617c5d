// The suite's core, run inside a container: starts containers with the package, and tells what came of it as JSON.
const { execFileSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const { connect } = require("node:net");
const { GenericContainer, Network, Wait } = require("/repo/build/index.js");

function runcible(...args) {
  const input = args[0] === "load" ? readFileSync("/images/redis.tar") : "";
  const command = ["/repo/build/cli/main.js", ...args];
  return execFileSync(process.execPath, command, { input, encoding: "utf8", stdio: ["pipe", "pipe", "inherit"] });
}

async function main() {
  runcible("load");
  const network = await new Network().start();
  const redis = await new GenericContainer("redis:nested")
    .withNetwork(network)
    .withNetworkAliases("db")
    .withCopyContentToContainer([{ content: "copied\n", target: "/srv/copied", mode: 0o640 }])
    .withExposedPorts(6379)
    .start();
  const fromOutside = await ask(redis.getHost(), redis.getMappedPort(6379), "PING\r\n");
  const client = await speaking("redis-cli -h db ping; rm /etc/passwd; mkdir -p /srv; echo mine > /srv/mine; id -u");
  const exec = await redis.exec(["sh", "-c", "cat /srv/copied; stat -c %a /srv/copied; pidof redis-server"]);
  const { OTHER = "" } = process.env;
  const request = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${OTHER} 80 | tail -n 1`;
  const other = OTHER === "" ? "" : (await redis.exec(["sh", "-c", request])).output.trim();
  await client.container.commit({ repo: "committed", tag: "x", deleteOnExit: false });
  const committed = await speaking("cat /srv/mine; ls /etc", "committed:x");
  await Promise.all([redis, client.container, committed.container].map((container) => container.stop()));
  await network.stop();
  const { Driver, DriverStatus, Warnings } = JSON.parse(runcible("info", "--json"));
  const told = {
    fromOutside,
    exec: exec.output.trim().split("\n"),
    client: client.lines,
    committed: committed.lines,
    other,
    driver: Driver,
    why: DriverStatus.map((row) => row.join(": ")).join("\n"),
    warnings: Warnings,
    left: runcible("ps", "--all", "--quiet"),
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);

  /** A container with a script of ours, and what that says. */
  async function speaking(script, image = "redis:nested") {
    const container = await new GenericContainer(image)
      .withNetwork(network)
      .withCommand(["sh", "-c", `${script}; echo said; exec sleep 1000`])
      .withWaitStrategy(Wait.forLogMessage("said"))
      .start();
    const lines = [];
    for await (const chunk of await container.logs()) {
      lines.push(...String(chunk).trim().split("\n"));
      if (lines.at(-1) === "said") break;
    }
    return { container, lines: lines.slice(0, -1) };
  }
}

function ask(host, port, words) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(words));
    socket.once("data", (chunk) => {
      socket.destroy();
      resolve(String(chunk).trim());
    });
    socket.once("error", reject);
  });
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
