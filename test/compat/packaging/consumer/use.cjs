// A user's script in CommonJS.
const all = require("runcible");

async function main() {
  const container = await new all.GenericContainer(process.env.IMAGE).withCommand(["sleep", "1000"]).start();
  const { stdout } = await container.exec(["echo", "from CommonJS"]);
  await container.stop();
  console.log(JSON.stringify({ stdout, names: Object.keys(all).sort() }));
}

void main();
