import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BuildCache } from "../build/execute/build-cache";
import { randomId } from "../internal/ids";
import type { Logger } from "../internal/log";
import { nowNs } from "../internal/steady-clock";
import { ownUserNamespace } from "../internal/user-namespace";
import type { RuntimeParts } from "../runtime/container";
import { openImageStore } from "../runtime/image/image-store";
import { openLayerStore } from "../runtime/layer/layer-store";
import { type NetworkStack, startNetworkStack } from "../runtime/network/stack";
import { createPuller } from "../runtime/pull";
import { createPusher } from "../runtime/push";
import type { RootfsChoice } from "../runtime/rootfs/choose-driver";
import type { AppArmor } from "../runtime/runc/apparmor";
import { openRunc, type Runc } from "../runtime/runc/runc";
import { openBuilds } from "./builds/build-service";
import type { EngineConfig } from "./config";
import { createArchiveService } from "./containers/archive";
import { collectContent } from "./containers/collect-content";
import type { Container } from "./containers/container";
import { createContainerService } from "./containers/container-service";
import type { ContainerContext, RunningStep } from "./containers/context";
import { endRun } from "./containers/end-run";
import { ExecRegistry } from "./containers/exec-registry";
import { openMemoryQueue } from "./containers/memory-claims";
import { createNetworkMembers } from "./containers/network-members";
import { restoreContainers } from "./containers/restore";
import { createEventHub } from "./events/event-hub";
import { HeldPortRegistry } from "./host-ports/held-port-registry";
import { HostPortRegistry } from "./host-ports/host-port-registry";
import { ImageCatalog } from "./images/image-catalog";
import { isNetworkRecord } from "./networks/network-record";
import { Networks } from "./networks/network-service";
import { subnetChooser } from "./networks/subnet-chooser";
import { openRootfs } from "./open-rootfs";
import { ReuseRegistry } from "./reuse/reuse-registry";
import type { EngineServices } from "./routes/engine-routes";
import { SessionRegistry } from "./sessions/session-registry";
import { isContainerRecord, sessionLabel } from "./state/container-record";
import { openRecordStore, type RecordStore, type RecordStoreOptions } from "./state/record-store";
import { RefIndex } from "./state/ref-index";
import { timestampNow } from "./state/timestamp";
import { storageDriverName } from "./system/storage-driver-name";
import { createSystemService } from "./system/system-facts";
import { isVolumeRecord, Volumes } from "./volumes/volume-service";

export interface ComposeOptions {
  readonly config: EngineConfig;
  readonly engineId: string;
  readonly runFolder: string;
  readonly cgroupParent: string | undefined;
  readonly appArmor: AppArmor;
  readonly version: string;
  readonly logger: Logger;
  readonly onActivity: () => void;
  readonly onShutdown: () => void;
  /** What no engine can do without is gone. */
  readonly onLost: () => void;
}

export interface ComposedServices {
  readonly services: EngineServices;
  /** Whether something keeps the engine: a session, or a container that runs or waits to run again. */
  isBusy(): boolean;
  /** Ends all containers, removes what belongs to sessions, and takes the networks down. */
  close(): Promise<void>;
}

/**
 * By then the kernel has written layers by itself, which it does with what is older than 30 seconds. A sync that had it
 * all to write would have nobody end its process meanwhile, nor the namespace of an engine that is killed.
 */
const layersSettledMs = 35_000;

/** Puts the engine together. This file alone knows all services. */
export async function composeServices(options: ComposeOptions): Promise<ComposedServices> {
  const { config, logger, engineId } = options;
  const inState = (name: string): string => join(config.stateFolder, name);
  const { rootfs, network, runc } = await openMachine(options);
  const inStorage = (name: string): string => join(rootfs.storageFolder, name);
  const records = <T>(
    folder: string,
    isRecord: RecordStoreOptions<T>["isRecord"],
    keepsDamaged = false,
  ): Promise<RecordStore<T>> => openRecordStore(folder, { file: "record.json", isRecord, logger, keepsDamaged });

  const [layers, images, containerStore, networkStore, volumeStore] = await Promise.all([
    openLayerStore(inStorage("layers"), { form: rootfs.driver.form, syncAfterMs: layersSettledMs, logger }),
    openImageStore(inStorage("images")),
    records(inStorage("containers"), isContainerRecord),
    records(inState("networks"), isNetworkRecord),
    records(inState("volumes"), isVolumeRecord, true),
  ]);
  const { cgroupParent, appArmor } = options;
  const runtime: RuntimeParts = {
    layers,
    images,
    rootfs: rootfs.driver,
    network,
    runc,
    cgroupParent,
    appArmor,
    logger,
  };
  const events = createEventHub({ now: nowNs });
  const volumes = await Volumes.open({ store: volumeStore, root: inState("volumes"), events, logger });
  const networks = await Networks.open({
    store: networkStore,
    stack: runtime.network,
    subnets: subnetChooser,
    events,
    engineId,
  });
  const index = new RefIndex<Container>();
  const steps = new Set<RunningStep>();
  const context: ContainerContext = {
    index,
    names: new Set(),
    reuseMakers: new Set(),
    store: containerStore,
    images,
    volumes,
    networks,
    runtime,
    events,
    logger,
    steps,
    memory: openMemoryQueue(config, { index, runtime, steps, logger }),
    socketPath: config.socketPath,
    warnOnce: onceEach((text) => logger.warn(text)),
    onActivity: options.onActivity,
  };
  volumes.setUsers({ usersOf: (volume) => containersWith(context, volume) });
  networks.setMembers(createNetworkMembers(context));
  await restoreContainers(context);

  const registries = {
    insecure: config.insecureRegistries,
    mirrors: config.registryMirrors,
    registriesConf: config.registriesConf,
    proxy: config.proxy,
    certificateFolder: config.certificateFolder,
    authorities: config.authorities,
  };
  const catalog = new ImageCatalog({
    store: images,
    layers: runtime.layers,
    storageDriver: storageDriverName(rootfs.driver),
    puller: createPuller({ images, layers: runtime.layers, registries, logger }),
    pusher: createPusher({ images, registries }),
    events,
    authorities: config.authorities,
    usersOf: (id) => usersOf(context, id),
    rootsOfContainers: () => context.index.values().map(({ record }) => record.diffIds),
    collectGarbage: () => collectContent(context),
  });
  const cacheMounts = { folder: inStorage("build-cache/mounts"), locks: new Map(), inUse: [] };
  const secretsFolder = join(options.runFolder, "build-secrets");
  // The cache keeps its layers from the collection that follows.
  const [cache] = await Promise.all([
    BuildCache.open(inStorage("build-cache/steps"), { images, layers: runtime.layers }),
    mkdir(cacheMounts.folder, { recursive: true, mode: 0o711 }),
    mkdir(secretsFolder, { recursive: true, mode: 0o711 }),
  ]);
  await removeRemains({ networks, volumes, images: catalog, logger });
  const builds = await openBuilds({
    context,
    parts: { images, runtime, cache, cacheMounts, secretsFolder, authorities: config.authorities },
    images: catalog,
    folder: inStorage("builds"),
  });
  let isStaying = false;
  const sessions: SessionRegistry = new SessionRegistry({
    context,
    images: catalog,
    events,
    onEnded: (id) => {
      hostPorts.release(id);
      heldPorts.releaseAll(id);
    },
  });
  const ports = { stack: runtime.network, isSessionOpen: (id: string) => sessions.isOpen(id) };
  const hostPorts = new HostPortRegistry(ports);
  const heldPorts = new HeldPortRegistry(ports);
  const reuse = new ReuseRegistry({ context, idleMs: config.reuseIdleMs, limit: config.reuseLimit });
  const services: EngineServices = {
    system: createSystemService({
      engineId,
      instanceId: randomId().slice(0, 16),
      version: options.version,
      startedAt: timestampNow(),
      stateFolder: config.stateFolder,
      rootfs,
      runcVersion: runtime.runc.version,
      hasLimits: options.cgroupParent !== undefined,
      isRootless: !ownUserNamespace().isInitial,
      hasAppArmor: appArmor.profile !== undefined,
      layerSizes: async () => {
        const all = new Set((await images.list()).flatMap((image) => image.config.rootfs.diff_ids));
        return new Map(
          await Promise.all([...all].map(async (diffId) => [diffId, await runtime.layers.sizeOf(diffId)] as const)),
        );
      },
      hubMirrors: () => catalog.hubMirrors(),
      isStaying: () => isStaying,
      onStay: () => {
        isStaying = true;
      },
      onShutdown: options.onShutdown,
    }),
    containers: createContainerService(context),
    execs: new ExecRegistry(context),
    archives: createArchiveService(context),
    images: catalog,
    builds,
    networks,
    volumes,
    events,
    sessions,
    hostPorts,
    heldPorts,
    reuse,
  };
  return {
    services,
    isBusy: () => isStaying || sessions.openSessions > 0 || context.index.values().some(isKept),
    close: async () => {
      const others = context.index.values().filter(({ record }) => record.config.labels[sessionLabel] === undefined);
      reuse.close();
      await Promise.all([sessions.close(), ...others.map((container) => endForGood(context, container))]);
      await runtime.network.close();
      await rootfs.release();
    },
  };
}

interface Remains {
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly images: ImageCatalog;
  readonly logger: Logger;
}

/**
 * What an engine that was killed could not remove. Sessions ended with it: nobody comes back for what carries their
 * label. A container that was never finished leaves anonymous volumes, a pull content that no image names.
 */
async function removeRemains({ networks, volumes, images, logger }: Remains): Promise<void> {
  // What cannot be removed now is tried again by the next engine; it must not keep this one from serving.
  const tried: PromiseSettledResult<unknown>[] = await Promise.allSettled([
    ...networks.labelled(sessionLabel).map((id) => networks.remove(id)),
    ...volumes.labelled(sessionLabel).map((name) => volumes.remove(name, { force: true })),
  ]);
  const built = (await images.labelled(sessionLabel)).filter(({ value }) => value !== "");
  for (const { id } of built) tried.push(...(await Promise.allSettled([images.remove(id, { force: true })])));
  for (const { reason } of tried.filter((result) => result.status === "rejected")) {
    logger.warn("remove what an earlier session left", { error: reason });
  }
  await volumes.prune(new Map());
  await images.collectGarbage();
}

/** What takes the machine some time, at once. */
async function openMachine({ config, engineId, runFolder, logger, onLost }: ComposeOptions): Promise<{
  readonly rootfs: RootfsChoice;
  readonly network: NetworkStack;
  readonly runc: Runc;
}> {
  const [rootfs, network, runc] = await Promise.all([
    openRootfs(config, engineId, logger),
    startNetworkStack({ engineId, runFolder, logger, onLost }),
    openRunc({ root: join(runFolder, "runc"), runFolder: join(runFolder, "processes") }),
  ]);
  return { rootfs, network, runc };
}

function onceEach(say: (text: string) => void): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (said.has(text)) return;
    said.add(text);
    say(text);
  };
}

type ContainerOf = ReturnType<ContainerContext["index"]["values"]>[number];

function isKept(container: ContainerOf): boolean {
  return container.isRunning || container.record.state.status === "restarting";
}

/** The engine ends: no restart policy applies, and nobody is left to be told of a failure. */
async function endForGood(context: ContainerContext, container: ContainerOf): Promise<void> {
  container.isStopWanted = true;
  container.restartPause?.abort();
  try {
    await endRun(context, container, {});
    await context.runtime.rootfs.unmount(container.folder);
  } catch (error) {
    context.logger.warn("end container with the engine", { container: container.id, error });
  }
}

function containersWith(context: ContainerContext, volume: string): readonly string[] {
  return context.index
    .values()
    .filter(({ record }) => record.mounts.some(({ name }) => name === volume))
    .map(({ id }) => id);
}

function usersOf(
  context: ContainerContext,
  imageId: string,
): readonly { readonly id: string; readonly isRunning: boolean }[] {
  return context.index
    .values()
    .filter(({ record }) => record.imageId === imageId)
    .map(({ id, isRunning }) => ({ id, isRunning }));
}
