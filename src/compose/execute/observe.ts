import type { EngineClient } from "../../client/client";
import { hasCode } from "../../internal/errors";
import type { ContainerSummary } from "../../wire/container";
import { label } from "../plan/labels";
import type { Observed, ObservedContainer } from "../plan/observed";

/** Asks the daemon what there is of a project, and which of the images. */
export async function observe(client: EngineClient, project: string, images: readonly string[]): Promise<Observed> {
  const [containers, networks, volumes, known] = await Promise.all([
    observeContainers(client, project),
    client.networks.list(),
    client.volumes.list(),
    observeImages(client, images),
  ]);
  return {
    containers,
    networks: networks.map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} })),
    volumes: volumes.map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} })),
    images: known,
  };
}

export async function observeContainers(client: EngineClient, project: string): Promise<readonly ObservedContainer[]> {
  const filters = new Map([["label", [`${label.project}=${project}`]]]);
  const containers = await client.containers.list({ all: true, filters });
  return containers
    .filter(({ Labels }) => Labels[label.oneOff] !== "True")
    .map(observedContainer)
    .toSorted((left, right) => left.service.localeCompare(right.service) || left.number - right.number);
}

function observedContainer({ Id, Names, ImageID, State, Labels, Mounts }: ContainerSummary): ObservedContainer {
  return {
    id: Id,
    name: Names[0]?.replace(/^\//, "") ?? Id,
    service: Labels[label.service] ?? "",
    number: Number(Labels[label.number] ?? 1),
    isRunning: ["running", "restarting", "paused"].includes(State),
    imageId: ImageID,
    labels: Labels,
    volumes: Mounts.flatMap(({ Type, Name, Destination }) =>
      Type === "volume" && Name !== undefined ? [{ name: Name, target: Destination }] : [],
    ),
  };
}

async function observeImages(client: EngineClient, images: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    images.map(async (image): Promise<readonly [string, string][]> => {
      try {
        return [[image, (await client.images.inspect(image)).Id]];
      } catch (error) {
        if (hasCode(error, "image-not-found")) return [];
        throw error;
      }
    }),
  );
  return new Map(found.flat());
}
