/** Pulls an image into a state folder in a process of its own: `pull-process.ts <folder> <name>`. */
import { openTestPuller } from "../../support/registry/test-puller";

const [folder = "", name = ""] = process.argv.slice(2);
const store = await openTestPuller({}, folder);
await store.pull(name, { onProgress: ({ phase }) => process.stdout.write(`${phase}\n`) });
