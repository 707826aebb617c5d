import type { EngineClient } from "../../client/client";
import type { CredentialSources } from "../../client/registry-credentials";
import type { Project } from "../model/project";
import { imageOf } from "../plan/container-names";
import { planImages } from "../plan/plan-images";
import { planUp, servicesOf, type UpOptions } from "../plan/plan-up";
import { clientImageBuilder, type ImageBuilder } from "./build-image";
import type { OnComposeEvent } from "./compose-event";
import { observe } from "./observe";
import { createPerform } from "./perform";
import { runOperations } from "./run-operations";
import { digestsOf, readStoredFiles } from "./stored-files";

export interface UpContext {
  readonly client: EngineClient;
  /** Environment of the caller: secrets, configs and build arguments may come from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onEvent?: OnComposeEvent;
  readonly signal?: AbortSignal;
  /** Default: the daemon's. */
  readonly buildImage?: ImageBuilder;
  /** For what is pulled, also as the base of a build. Default: none. */
  readonly credentialSources?: CredentialSources;
}

/**
 * Brings a project, or some of its services, to run as its file says. What was done stays when a step fails: `down`
 * takes it away. Throws the first failure; that of a dependency has the last log lines.
 */
export async function upServices(context: UpContext, project: Project, options: UpOptions = {}): Promise<void> {
  const { client, env, signal, credentialSources, onEvent = () => {} } = context;
  const services = servicesOf(project, options);
  const contents = await readStoredFiles(project, services, env);
  const perform = createPerform({
    client,
    onEvent,
    contents,
    buildImage: context.buildImage ?? clientImageBuilder(client, credentialSources),
    lookup: (name) => env[name],
    credentialSources,
  });
  const images = [...new Set(services.map((name) => imageOf(project, name)))];
  const before = await observe(client, project.name, images);
  const refresh = planImages(project, services, before.images, options).filter(({ isRefresh }) => isRefresh);
  await runOperations(refresh, perform, onEvent, { signal });
  const observed = refresh.length === 0 ? before : await observe(client, project.name, images);
  const { operations, warnings } = planUp(project, observed, digestsOf(contents), options);
  for (const text of [...project.warnings, ...warnings]) onEvent({ kind: "warning", text });
  await runOperations(operations, perform, onEvent, { signal });
}
