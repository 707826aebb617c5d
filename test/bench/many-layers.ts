import { join } from "node:path";
import { run } from "../../src/internal/exec";

/** An OCI layout with one layer per folder, made by umoci; its tag is `image`. */
export async function addLayers(folder: string, layers: readonly string[]): Promise<string> {
  const layout = join(folder, "layout");
  await run("umoci", ["init", "--layout", layout]);
  await run("umoci", ["new", "--image", `${layout}:image`]);
  for (const layer of layers) {
    await run("umoci", ["insert", "--image", `${layout}:image`, layer, "/"], { timeoutMs: 120_000 });
  }
  return layout;
}
