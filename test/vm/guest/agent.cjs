// Runs in the virtual machine: takes commands from its host, one line of JSON each, and says what came of them.
const { spawn } = require("node:child_process");
const { createReadStream, openSync, readdirSync, readFileSync, writeSync } = require("node:fs");
const { createInterface } = require("node:readline");

// It can be opened once.
const port = openSync(portNamed("agent"), "r+");

/** udev would make a link of that name, later. */
function portNamed(name) {
  const ports = "/sys/class/virtio-ports";
  const found = readdirSync(ports).find((entry) => readFileSync(`${ports}/${entry}/name`, "utf8").trim() === name);
  return `/dev/${found}`;
}

function answer(message) {
  writeSync(port, `${JSON.stringify(message)}\n`);
}

async function perform({ id, command }) {
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
  const collected = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8").on("data", (text) => {
      collected[stream] += text;
    });
  }
  child.once("error", (error) => answer({ id, ...collected, stderr: String(error), exitCode: 127 }));
  // Not "close": what a command leaves running may hold its pipes.
  child.once("exit", (code, signal) =>
    setTimeout(() => answer({ id, ...collected, exitCode: code ?? 128, signal }), 200),
  );
}

createInterface({ input: createReadStream("", { fd: port }) }).on("line", (line) => perform(JSON.parse(line)));
answer({ id: 0 });
