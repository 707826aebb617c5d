// A user's script in ESM: named imports from a CommonJS package.
import * as all from "runcible";
import { GenericContainer, Wait } from "runcible";

const container = await new GenericContainer(process.env.IMAGE)
  .withCommand(["sh", "-c", "echo ready; sleep 1000"])
  .withWaitStrategy(Wait.forLogMessage("ready"))
  .start();
const { stdout } = await container.exec(["echo", "from ESM"]);
await container.stop();
// What Node adds to a CommonJS module.
const added = ["default", "module.exports", "__esModule"];
const names = Object.keys(all).filter((name) => !added.includes(name));
console.log(JSON.stringify({ stdout, names: names.sort() }));
