// Starts one container that runs and one that is paused, says where their cgroups are, and stays until it is ended.
const { connect } = require("../../../build/client/connect.js");
const { busybox, groupOf } = require("./containers.cjs");

async function main() {
  const { client } = await connect();
  await client.system.stay();
  const image = await busybox(client);
  const groups = [];
  for (const verb of ["start", "pause"]) {
    const { Id } = await client.containers.create({ Image: image, Cmd: ["busybox", "sleep", "1000"] });
    await client.containers.start(Id);
    if (verb === "pause") await client.containers.pause(Id);
    groups.push(groupOf(Id));
  }
  process.stdout.write(`${JSON.stringify(groups)}\n`);
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
