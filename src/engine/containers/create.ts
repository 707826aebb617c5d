import { mkdir } from "node:fs/promises";
import { RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { parsePlatform } from "../../internal/platform";
import { createUndoStack } from "../../internal/undo";
import { rootPathIn, seesOwnCgroup } from "../../runtime/container";
import type { Image } from "../../runtime/image/manifest";
import { checkPlatform } from "../../runtime/image/platform";
import { familiarName, parseReference } from "../../runtime/image/reference";
import { layerFolders } from "../../runtime/layer-folders";
import { openLogFile } from "../../runtime/process/log-file";
import { parseSignal } from "../../runtime/process/signals";
import { checkCapabilities } from "../../runtime/runc/capabilities";
import { containerNameInUse, noSuchImage } from "../../wire/docker-errors";
import { reuseLeaseLabel } from "../../wire/session";
import { effectiveConfig } from "../containers-config/effective-config";
import { provideReaperImage } from "../reaper/reaper-image";
import type { ContainerSpec, EndpointSpec } from "../routes/container-spec";
import { type ContainerRecord, type MountRecord, neverStarted } from "../state/container-record";
import { timestampNow } from "../state/timestamp";
import { Container } from "./container";
import type { ContainerContext } from "./context";
import { heldLimits } from "./held-limits";
import { findInitProgram } from "./init-program";
import { checkLinks } from "./links";
import { checkLogs, logLimitsOf } from "./log-limits";
import { type MountPlan, planMounts } from "./mounts";
import { checkName, inventName } from "./names";
import { securityOf } from "./security-options";

/** `ContainerService.create`. */
export async function createContainer(
  context: ContainerContext,
  asked: ContainerSpec,
): Promise<{ readonly id: string; readonly warnings: readonly string[] }> {
  const limits = await heldLimits(context, asked.resources);
  const spec = { ...asked, resources: limits.resources };
  const isReaper = await provideReaperImage(context, spec.image);
  const image = await findImage(context, spec);
  checkLogs(spec.logs);
  checkLinks(context, spec);
  checkNamespaces(context, spec);
  if (spec.stopSignal !== undefined) parseSignal(spec.stopSignal);
  checkCapabilities({ add: spec.capAdd, drop: spec.capDrop });
  securityOf(spec.securityOptions);
  const id = randomId();
  const config = effectiveConfig(spec, image.config.config ?? {}, id);
  const name = takeName(context, spec.name);
  const lease = context.images.lease();
  for (const diffId of image.config.rootfs.diff_ids) lease.protect(diffId);
  const undo = createUndoStack();
  const hold = context.volumes.hold(id);
  try {
    const plan = await planMounts(
      {
        mounts: isReaper ? [] : spec.mounts,
        inherited: inheritedMounts(context, spec),
        anonymousTargets: config.volumes,
      },
      { volumes: context.volumes, hold, undo },
    );
    const folder = context.store.folderOf(id);
    const diffIds = image.config.rootfs.diff_ids;
    undo.push(() => context.store.remove(id));
    await mkdir(folder, { recursive: true, mode: 0o710 });
    const layers = await layerFolders(context.runtime, diffIds);
    // Asked for at once: a removal, which asks too, comes after.
    const root = context.runtime.rootfs.mount({ layers, folder });
    undo.push(async () => {
      await root.catch(() => {});
      await context.runtime.rootfs.unmount(folder);
    });
    // Whoever needs the root mounts it if it is not: a failure that is not told here is told there.
    if (isSlow(context, plan, diffIds)) await fillVolumes(context, (await root).path, plan);
    else root.catch(() => {});
    const record: ContainerRecord = {
      id,
      name,
      createdAt: timestampNow(),
      spec: await withCgroupNamespace(spec),
      config,
      imageId: image.id,
      diffIds,
      mounts: plan.records,
      endpoints: endpointsOf(spec),
      state: neverStarted,
      restartCount: 0,
      ...(isReaper ? { standIn: "reaper" } : {}),
      ...(config.labels[reuseLeaseLabel] === undefined ? {} : { isReusable: false }),
    };
    const log = await openLogFile(folder, logLimitsOf(spec.logs));
    undo.push(() => log.close());
    await context.store.put(id, record);
    // Nothing is awaited from here until the container can be found: whoever clears up behind its maker comes before or
    // after.
    checkMaker(context, config.labels);
    const container = new Container(record, { folder, rootPath: rootPathIn(folder), log }, context);
    context.index.add(container);
    context.events.publish({ type: "container", action: "create", id, attributes: container.eventAttributes() });
    return { id, warnings: [...warningsOf(spec), ...limits.warnings] };
  } catch (error) {
    hold.release();
    await undo.unwind((failure) => context.logger.warn("undo container create", { error: failure }));
    throw error;
  } finally {
    lease.release();
    hold.release();
    context.names.delete(name);
  }
}

/**
 * The answer does not wait for a mount that is sure to succeed in a moment: the client's next request can come
 * meanwhile.
 */
function isSlow({ runtime }: ContainerContext, { fills }: MountPlan, diffIds: readonly unknown[]): boolean {
  return fills.length > 0 || runtime.rootfs.name !== "overlay" || diffIds.length > manyLayers;
}

/** So many an overlay may refuse. */
const manyLayers = 50;

/** Whoever was killed while it made a container for reuse may still have asked for it. */
function checkMaker({ reuseMakers }: ContainerContext, labels: Readonly<Record<string, string>>): void {
  const lease = labels[reuseLeaseLabel];
  if (lease === undefined || reuseMakers.has(lease)) return;
  throw new RuncibleError("aborted", "create container for reuse: the lease it was to be made under has ended");
}

async function findImage(context: ContainerContext, { image: name, platform }: ContainerSpec): Promise<Image> {
  const image = await context.images.find(name);
  if (image !== undefined) {
    if (platform !== undefined) checkPlatform(name, image.config, parsePlatform(platform));
    return image;
  }
  throw noSuchImage(/^(sha256:)?[0-9a-f]{64}$/.test(name) ? name : familiarName(parseReference(name)));
}

/** Reserves the name until the container is in the index, so that of two creates at once one fails. */
function takeName(context: ContainerContext, wanted: string | undefined): string {
  const isTaken = (name: string): boolean => context.names.has(name) || context.index.named(name) !== undefined;
  const name = wanted ?? inventName(isTaken);
  checkName(name);
  if (isTaken(name)) throw containerNameInUse(name, context.index.named(name)?.id ?? "");
  context.names.add(name);
  return name;
}

/** What nobody said is settled here, so that it is the same at each start, and to be seen. */
async function withCgroupNamespace(spec: ContainerSpec): Promise<ContainerSpec> {
  if (spec.cgroupnsMode !== undefined) return spec;
  return { ...spec, cgroupnsMode: (await seesOwnCgroup({ isPrivileged: spec.privileged })) ? "private" : "host" };
}

function inheritedMounts(context: ContainerContext, spec: ContainerSpec): readonly MountRecord[] {
  return spec.volumesFrom.flatMap(({ container, isReadOnly }) =>
    context.index
      .find(container, noSuchSource)
      .record.mounts.filter(({ kind }) => kind !== "tmpfs")
      .map((mount) => ({ ...mount, mode: "", isReadOnly: isReadOnly || mount.isReadOnly })),
  );
}

/** Whether it runs matters at the start only. */
function checkNamespaces(context: ContainerContext, { pidMode, ipcMode }: ContainerSpec): void {
  for (const mode of [pidMode, ipcMode]) {
    if (mode?.startsWith("container:")) context.index.find(mode.slice("container:".length), noSuchSource);
  }
}

/** Not a 404: of this call, the docker CLI takes every 404 for a missing image. */
function noSuchSource(ref: string): RuncibleError {
  return new RuncibleError("invalid-argument", `No such container: ${ref}`);
}

async function fillVolumes(context: ContainerContext, rootPath: string, plan: MountPlan): Promise<void> {
  for (const { volume, target } of plan.fills) {
    await context.volumes.fill(volume, rootPath, target);
  }
}

/** The network of the network mode comes first, and is there even if no endpoint settings were sent for it. */
function endpointsOf({ networkMode, endpoints }: ContainerSpec): readonly EndpointSpec[] {
  if (networkMode.kind !== "network" || endpoints.length > 0) return endpoints;
  return [{ network: networkMode.network, aliases: [], links: [], gatewayPriority: 0, driverOptions: {} }];
}

function warningsOf(spec: ContainerSpec): readonly string[] {
  const { networkMode, publish, init } = spec;
  const discards = networkMode.kind === "host" && publish.length > 0;
  return [
    ...(discards ? ["Published ports are discarded when using host network mode"] : []),
    ...(init && findInitProgram() === undefined
      ? ["No init program is installed, so the container's command is process 1; install tini"]
      : []),
  ];
}
