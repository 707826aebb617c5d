import type { EngineClient } from "../../client/client";
import { withContext } from "../../internal/error-context";
import { hasCode, isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import type { ContainerCreateBody } from "../../wire/container-create";
import type { Runtime } from "../runtime/runtime";
import { checkBindSources } from "./bind-sources";
import { type CopySources, packSources } from "./copy";
import { takeStream } from "./one-time-stream";
import type { ArchiveToCopy, CopyToContainerOptions } from "./types";

interface CreateOptions {
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
  readonly image: string;
  /** For an image that has lost its content. If it fails, or may not pull and so does nothing, that stays the error. */
  readonly pullAgain: () => Promise<void>;
}

/** Resolves to the container's id. Throws what the daemon says, with the image's name. */
export async function createContainer(
  { engine, isOwnEngine }: Pick<Runtime, "engine" | "isOwnEngine">,
  body: ContainerCreateBody,
  { name, platform, image, pullAgain }: CreateOptions,
): Promise<string> {
  const create = async (): Promise<string> => (await engine.containers.create(body, { name, platform })).Id;
  try {
    if (isOwnEngine) await checkBindSources(body.HostConfig?.Binds ?? []);
    return await create().catch(async (error: unknown) => {
      if (!hasCode(error, "image-incomplete")) throw error;
      await pullAgain().catch((refusal: unknown) => {
        throw withRefusal(error, refusal);
      });
      return await create();
    });
  } catch (error) {
    throw withContext(error, `create container of ${image}`);
  }
}

/** What is lost tells how to go on; an image that was built here is in no registry. */
function withRefusal(incomplete: unknown, refusal: unknown): unknown {
  if (!isRuncibleError(incomplete)) return incomplete;
  const { code, message, evidence } = incomplete;
  return new RuncibleError(code, `${message}; tried to: ${messageOf(refusal)}`, { cause: refusal, evidence });
}

/** What is done to a created container before it starts. */
export interface Preparation {
  readonly networkMode: string | undefined;
  /** Without any, it is in its network by the request that created it. */
  readonly networkAliases: readonly string[];
  readonly sources: CopySources;
  readonly archives: readonly ArchiveToCopy[];
  readonly options: CopyToContainerOptions;
}

export async function prepareContainer(
  { networks, containers }: Pick<EngineClient, "networks" | "containers">,
  id: string,
  { networkMode, networkAliases, sources, archives, options }: Preparation,
): Promise<void> {
  if (networkMode !== undefined && networkAliases.length > 0) {
    await networks.connect(networkMode, id, { Aliases: networkAliases });
  }
  const packed = await packSources(sources);
  if (packed !== undefined) await containers.putArchive(id, "/", packed, options);
  for (const { tar, target } of archives) await containers.putArchive(id, target, takeStream(tar, target), options);
}
