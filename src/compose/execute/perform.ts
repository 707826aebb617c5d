import type { EngineClient } from "../../client/client";
import { credentialsToPull } from "../../client/pull-credentials";
import { type CredentialSources, registryOf } from "../../client/registry-credentials";
import { withContext } from "../../internal/error-context";
import { hasCode, messageOf } from "../../internal/errors";
import type { NetworkCreateBody } from "../../wire/network";
import type { Action, CreateContainer, PullImage } from "../plan/operation";
import { awaitService } from "./await-service";
import { buildRequestOf, type ImageBuilder } from "./build-image";
import type { OnComposeEvent } from "./compose-event";
import type { Perform } from "./run-operations";
import { packStoredFiles, type StoredContents } from "./stored-files";

export interface Performer {
  readonly client: EngineClient;
  readonly onEvent: OnComposeEvent;
  readonly contents: StoredContents;
  readonly buildImage: ImageBuilder;
  /** Environment of compose, for build arguments without a value. */
  lookup(name: string): string | undefined;
  /** Undefined: pulls are anonymous. */
  readonly credentialSources: CredentialSources | undefined;
}

/** Does what a plan's steps say, and decides nothing. */
export function createPerform(performer: Performer): Perform {
  const { client, onEvent } = performer;
  return async (action, signal) => {
    switch (action.kind) {
      case "create-network": {
        return createNetwork(performer, action.body);
      }
      case "create-volume":
        await client.volumes.create(action.body);
        return;
      case "pull-image":
        return pullImage(performer, action, signal);
      case "build-image": {
        const request = await buildRequestOf(action, performer.lookup);
        return performer.buildImage(request, (text) => onEvent({ kind: "progress", action, text }), signal);
      }
      case "create-container":
        return create(performer, action);
      case "start-container":
        return inContext(`start ${action.name}`, () => client.containers.start(action.name));
      case "restart-container":
        return inContext(`restart ${action.name}`, () => client.containers.restart(action.name));
      case "stop-container": {
        const { timeoutSeconds } = action;
        const options = timeoutSeconds === undefined ? {} : { timeoutSeconds };
        return ignoring("container-not-found", () => client.containers.stop(action.id, options));
      }
      case "remove-container": {
        const { volumes } = action;
        return ignoring("container-not-found", () => client.containers.remove(action.id, { force: true, volumes }));
      }
      case "await-service":
        return awaitDependency(performer, action, signal);
      case "remove-network":
        return removeNetwork(performer, action);
      case "remove-volume":
        return ignoring("volume-not-found", () => client.volumes.remove(action.name));
      case "remove-image":
        return ignoring("image-not-found", async () => void (await client.images.remove(action.name)));
    }
  };
}

async function createNetwork({ client, onEvent }: Performer, body: NetworkCreateBody): Promise<void> {
  const { Warning } = await client.networks.create(body);
  if (Warning) onEvent({ kind: "warning", text: `network ${body.Name}: ${Warning}` });
}

async function pullImage(
  { client, onEvent, credentialSources }: Performer,
  action: PullImage,
  signal: AbortSignal,
): Promise<void> {
  const { image, platform, service } = action;
  const wanted = { name: image, registry: registryOf(image) };
  const known = credentialSources && (await credentialsToPull(client.images, wanted, credentialSources));
  await inContext(`start service ${service}`, () =>
    client.images.pull({
      ...splitReference(image),
      platform,
      signal,
      ...known,
      onProgress: ({ id, status, progressDetail }) => {
        // One line per step, not per chunk.
        if (status === undefined || progressDetail?.current !== undefined) return;
        onEvent({ kind: "progress", action, text: id === undefined ? status : `${id}: ${status}` });
      },
    }),
  );
}

/** Name, and tag or digest, the way a pull wants it. */
function splitReference(image: string): { readonly name: string; readonly tag: string } {
  const at = image.indexOf("@");
  if (at !== -1) return { name: image.slice(0, at), tag: image.slice(at + 1) };
  const colon = image.indexOf(":", image.lastIndexOf("/") + 1);
  return colon === -1 ? { name: image, tag: "latest" } : { name: image.slice(0, colon), tag: image.slice(colon + 1) };
}

/** One at a time what belongs to one container: it is complete, or it is gone again. */
async function create({ client, contents, onEvent }: Performer, action: CreateContainer): Promise<void> {
  const { name, platform, body, networks, files } = action;
  await inContext(`create ${name}`, async () => {
    const { Id, Warnings } = await client.containers.create(body, { name, platform });
    for (const warning of Warnings ?? []) onEvent({ kind: "warning", text: `${name}: ${warning}` });
    try {
      for (const network of networks) await client.networks.connect(network.name, Id, network.endpoint);
      if (files.length > 0) await client.containers.putArchive(Id, "/", packStoredFiles(files, contents));
    } catch (error) {
      await client.containers.remove(Id, { force: true, volumes: true }).catch(() => {});
      throw error;
    }
  });
}

async function awaitDependency(
  { client, onEvent }: Performer,
  action: Extract<Action, { kind: "await-service" }>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await awaitService(client, action, signal);
  } catch (error) {
    if (action.isRequired || signal.aborted) throw error;
    onEvent({ kind: "warning", text: `${messageOf(error)}; it is not required, so the others start` });
  }
}

/** What others still use stays: they are no part of the project. */
async function removeNetwork(
  { client, onEvent }: Performer,
  { name }: Extract<Action, { kind: "remove-network" | "remove-volume" | "remove-image" }>,
): Promise<void> {
  try {
    await client.networks.remove(name);
  } catch (error) {
    if (hasCode(error, "network-not-found")) return;
    if (!hasCode(error, "network-in-use")) throw error;
    onEvent({ kind: "warning", text: `the network ${name} stays: other containers use it` });
  }
}

async function ignoring(
  code: "container-not-found" | "volume-not-found" | "image-not-found",
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!hasCode(error, code)) throw error;
  }
}

async function inContext<T>(context: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw withContext(error, context);
  }
}
