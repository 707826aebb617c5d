import { RuncibleError } from "../../internal/errors";
import { runUnchecked } from "../../internal/exec";
import { layerFolders } from "../../runtime/layer-folders";
import { parseSignal } from "../../runtime/process/signals";
import type { Change } from "../../runtime/rootfs/changes";
import { ociBlockIo } from "../../runtime/runc/block-io";
import { ociResources } from "../../runtime/runc/resources";
import { containerNameInUse, containerNotRunning, withPrefix } from "../../wire/docker-errors";
import type { Filters } from "../../wire/filters";
import { checkFilterKeys, matchesLabels } from "../../wire/filters";
import { reuseLeaseLabel } from "../../wire/session";
import { publishPrune } from "../events/publish-prune";
import type { ContainerService } from "../routes/container-service";
import type { ResourceSpec } from "../routes/container-spec";
import type { ContainerView } from "../routes/container-view";
import { reuseKeyLabel, sessionLabel } from "../state/container-record";
import { decodeUntil } from "../until";
import { attach } from "./attach";
import { commitContainer } from "./commit";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { createContainer } from "./create";
import { killContainer } from "./end-run";
import { exportContainer } from "./export";
import { findContainer, runOf, unpausedRunOf } from "./find";
import { heldLimits } from "./held-limits";
import { waitForListening } from "./listening";
import { checkName } from "./names";
import { pauseContainer, unpauseContainer } from "./pause";
import { publishContainerEvent } from "./publish";
import { removeContainer } from "./remove";
import { dnsNamesOf } from "./run-request";
import { sizeOf } from "./size";
import { startContainer } from "./start";
import { sampleStats } from "./stats";
import { restartContainer, stopContainer } from "./stop";
import { viewOf } from "./view";
import { waitFor } from "./wait";

/** The verbs on containers as the routes call them; each lives in a file of its own. */
export function createContainerService(context: ContainerContext): ContainerService {
  const find = (ref: string): Container => findContainer(context, ref);
  return {
    create: (spec) => createContainer(context, spec),
    start: async (ref) => startContainer(context, find(ref)),
    stop: async (ref, options) => stopContainer(context, find(ref), options),
    restart: async (ref, options) => restartContainer(context, find(ref), options),
    kill: async (ref, signal) => kill(context, ref, signal),
    pause: async (ref) => pauseContainer(context, find(ref)),
    unpause: async (ref) => unpauseContainer(context, find(ref)),
    rename: async (ref, name) => rename(context, find(ref), name),
    update: async (ref, change) => {
      const container = find(ref);
      const { spec } = container.record;
      const held = await heldLimits(context, change.resources);
      const resources = { ...spec.resources, ...held.resources };
      checkSwap(container.id, resources);
      const canLimit = context.runtime.cgroupParent !== undefined;
      // Of block I/O runc changes the weight alone, and so does Docker.
      const { blockWeight } = resources;
      const blockIo = ociBlockIo(blockWeight === undefined ? {} : { blockWeight });
      if (container.isRunning && canLimit) {
        await context.runtime.runc.update(container.id, { ...ociResources(resources), ...blockIo });
      }
      const restartPolicy = change.restartPolicy ?? spec.restartPolicy;
      await container.change({ spec: { ...spec, resources, restartPolicy } });
      publishContainerEvent(context, container, "update");
      return { warnings: held.warnings };
    },
    remove: async (ref, options) => removeContainer(context, find(ref), options),
    inspect: async (ref, { size }) => view(context, find(ref), size),
    list: async ({ size }) => Promise.all(context.index.values().map((container) => view(context, container, size))),
    prune: (filters) => prune(context, filters),
    exportRoot: async (ref, signal) => exportContainer(context, find(ref), signal),
    wait: async (ref, condition) => ({ outcome: waitFor(find(ref), condition) }),
    logs: async (ref, options) => {
      const container = find(ref);
      const { logs, tty } = container.record.spec;
      if (logs.driver === "none") {
        throw new RuncibleError("not-implemented", "configured logging driver does not support reading");
      }
      return { isTty: tty, records: container.log.read(options) };
    },
    attach: async (ref, options) => {
      const container = find(ref);
      if (container.record.state.status === "paused") unpausedRunOf(container, ref, "attach");
      publishContainerEvent(context, container, "attach");
      return attach(context, container, options);
    },
    resize: async (ref, size) => {
      const container = find(ref);
      // Of one that has just ended, the end may not have been written down.
      if (!(await runOf(container).process.resize(size))) throw containerNotRunning(container.id);
      const [height, width] = [String(size.rows), String(size.columns)];
      publishContainerEvent(context, container, "resize", { height, width });
    },
    top: async (ref, psArgs) => {
      const container = find(ref);
      const table = await processTable(container, psArgs);
      publishContainerEvent(context, container, "top");
      return table;
    },
    stats: async (ref) => {
      const container = find(ref);
      return container.run === undefined ? null : await sampleStats(container, container.run);
    },
    changes: (ref) => changes(context, find(ref)),
    commit: (ref, options) => commitContainer(context, find(ref), options),
    keep: async (ref) => {
      const { record } = find(ref);
      const {
        [sessionLabel]: _session,
        [reuseKeyLabel]: _key,
        [reuseLeaseLabel]: _lease,
        ...labels
      } = record.config.labels;
      await find(ref).change({ config: { ...record.config, labels } });
    },
    waitForListening: async (ref, options) => waitForListening(context, find(ref), options),
  };
}

async function* changes({ runtime }: ContainerContext, { folder, record }: Container): AsyncGenerator<Change> {
  const layers = await layerFolders(runtime, record.diffIds);
  yield* runtime.rootfs.changes({ layers, folder });
}

async function view(context: ContainerContext, container: Container, withSize: boolean): Promise<ContainerView> {
  const plain = viewOf(context, container);
  return withSize ? { ...plain, size: await sizeOf(context, container) } : plain;
}

/** An unknown signal comes before an unknown container, as with Docker. */
async function kill(context: ContainerContext, ref: string, signal: string): Promise<void> {
  try {
    const number = parseSignal(signal === "" ? "KILL" : signal);
    await killContainer(context, findContainer(context, ref), number);
  } catch (error) {
    throw withPrefix(`Cannot kill container: ${ref}`, error);
  }
}

/** The kernel refuses it too, without saying why. */
function checkSwap(id: string, { memoryBytes, memorySwapBytes }: ResourceSpec): void {
  if (memoryBytes === undefined || memorySwapBytes === undefined || memorySwapBytes <= 0) return;
  if (memoryBytes <= memorySwapBytes) return;
  throw new RuncibleError(
    "invalid-argument",
    `Cannot update container ${id}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
  );
}

async function rename(context: ContainerContext, container: Container, wanted: string): Promise<void> {
  const name = wanted.replace(/^\//, "");
  const oldName = container.name;
  if (name === oldName) {
    throw new RuncibleError("invalid-argument", "Renaming a container with the same name as its current name");
  }
  try {
    checkName(name, `/${name}`);
    const holder = context.index.named(name);
    if (holder !== undefined) throw containerNameInUse(name, holder.id);
  } catch (error) {
    throw withPrefix("Error when allocating new name", error);
  }
  await container.change({ name });
  for (const { networkId } of container.run?.sandbox?.endpoints ?? []) {
    const aliases = container.record.endpoints.flatMap((endpoint) =>
      context.networks.tryFind(endpoint.network)?.id === networkId ? endpoint.aliases : [],
    );
    await container.run?.sandbox?.setDnsNames(networkId, dnsNamesOf(container.record, aliases));
  }
  publishContainerEvent(context, container, "rename", { oldName: `/${oldName}` });
}

async function prune(
  context: ContainerContext,
  filters: Filters,
): Promise<{ readonly ids: readonly string[]; readonly reclaimedBytes: number }> {
  checkFilterKeys(filters, ["until", "label", "label!"]);
  const ids: string[] = [];
  let reclaimedBytes = 0;
  const until = (filters.get("until") ?? []).map((text) => decodeUntil(text, Date.now()));
  for (const container of context.index.values()) {
    const { state, config, createdAt } = container.record;
    if (until.some((time) => Date.parse(createdAt) >= time)) continue;
    if (container.isRunning || container.isRemoving || state.status === "restarting") continue;
    if (!matchesLabels(config.labels, filters)) continue;
    reclaimedBytes += (await sizeOf(context, container)).writable;
    await removeContainer(context, container, { force: false, volumes: false });
    ids.push(container.id);
  }
  publishPrune(context.events, "container", reclaimedBytes);
  return { ids, reclaimedBytes };
}

/** The host's ps, asked for the container's processes only. */
async function processTable(
  container: Container,
  psArgs: string,
): Promise<{ readonly titles: readonly string[]; readonly processes: readonly (readonly string[])[] }> {
  const pids = await runOf(container).group.processes();
  const args = psArgs.split(/\s+/).filter((arg) => arg !== "");
  const { stdout, stderr, exitCode } = await runUnchecked("ps", args.length === 0 ? ["-ef"] : args);
  if (exitCode !== 0) throw new RuncibleError("invalid-argument", `ps: ${stderr.trim().split("\n", 1)[0]}`);
  const [header = "", ...lines] = stdout.trimEnd().split("\n");
  const titles = header.trim().split(/\s+/);
  const pidColumn = titles.indexOf("PID");
  if (pidColumn < 0) throw new RuncibleError("invalid-argument", "Couldn't find PID field in ps output");
  const processes = lines
    .map((line) => splitColumns(line, titles.length))
    .filter((columns) => pids.includes(Number(columns[pidColumn])));
  return { titles, processes };
}

/** The last column, the command, may have blanks. */
function splitColumns(line: string, count: number): readonly string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, count - 1), words.slice(count - 1).join(" ")];
}
