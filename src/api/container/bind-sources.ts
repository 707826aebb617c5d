import { stat } from "node:fs/promises";
import { RuncibleError } from "../../internal/errors";

/**
 * Docker makes a missing source as an empty folder of root, which hides a misspelt path and outlives the container. Our
 * engine is on this machine, so it can be said before. Takes `source:target[:mode]`; throws `bind-source-missing`.
 */
export async function checkBindSources(binds: readonly string[]): Promise<void> {
  const sources = binds.map((bind) => bind.slice(0, bind.indexOf(":"))).filter((source) => source.startsWith("/"));
  await Promise.all(sources.map(checkSource));
}

async function checkSource(source: string): Promise<void> {
  try {
    await stat(source);
  } catch (cause) {
    throw new RuncibleError("bind-source-missing", `bind ${source}: there is no such file or folder; make it first`, {
      cause,
    });
  }
}
