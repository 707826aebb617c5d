import type { EngineClient } from "../../client/client";
import type { Project } from "../model/project";
import { imageOf } from "../plan/container-names";
import { type DownOptions, planDown, planStop } from "../plan/plan-down";
import { clientImageBuilder } from "./build-image";
import type { OnComposeEvent } from "./compose-event";
import { observe } from "./observe";
import { createPerform } from "./perform";
import { type Perform, runOperations } from "./run-operations";

export interface DownContext {
  readonly client: EngineClient;
  readonly onEvent?: OnComposeEvent;
}

/** Takes a project away, found by its name; with its file, only what the file knows, unless the options say more. */
export async function downProject(
  { client, onEvent = () => {} }: DownContext,
  name: string,
  project: Project | undefined,
  options: DownOptions = {},
): Promise<void> {
  const images = project === undefined || options.images === undefined ? [] : Object.keys(project.services);
  const observed = await observe(
    client,
    name,
    images.flatMap((service) => (project === undefined ? [] : imageOf(project, service))),
  );
  await runOperations(planDown(name, project, observed, options), performWith(client, onEvent), onEvent, {
    goesOn: true,
  });
}

/** Ends the containers of some services, or of all, and keeps them. */
export async function stopServices(
  { client, onEvent = () => {} }: DownContext,
  name: string,
  services: readonly string[] = [],
  stopTimeoutSeconds?: number,
): Promise<void> {
  const observed = await observe(client, name, []);
  const operations = planStop(observed, services, stopTimeoutSeconds);
  await runOperations(operations, performWith(client, onEvent), onEvent, { goesOn: true });
}

/** Taking away needs neither files nor images. */
function performWith(client: EngineClient, onEvent: OnComposeEvent): Perform {
  return createPerform({
    client,
    onEvent,
    contents: new Map(),
    buildImage: clientImageBuilder(client),
    lookup: () => undefined,
    credentialSources: undefined,
  });
}
