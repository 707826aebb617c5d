import { hasCode, RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { Mutex } from "../../internal/mutex";
import type { NetworkStack } from "../../runtime/network/stack";
import { networkNameInUse, noSuchNetwork } from "../../wire/docker-errors";
import { checkFilterKeys, type Filters, matchesLabels } from "../../wire/filters";
import { publishPrune } from "../events/publish-prune";
import type { EndpointSpec } from "../routes/container-spec";
import type { EventSink } from "../routes/event-service";
import type {
  NetworkEndpointView,
  NetworkService,
  NetworkSpec,
  NetworkView,
  SubnetSpec,
} from "../routes/network-service";
import type { RecordStore } from "../state/record-store";
import { RefIndex } from "../state/ref-index";
import { timestampNow } from "../state/timestamp";
import { decodeUntil } from "../until";
import { checkTypeFilter, matchesFilters } from "./network-filters";
import { isPredefined, type NetworkRecord, predefinedNames, predefinedNetwork } from "./network-record";
import type { SubnetChooser } from "./subnet-chooser";

/** What networks ask of containers. */
export interface NetworkMembers {
  /** Endpoints of running containers. */
  endpointsIn(networkId: string): readonly NetworkEndpointView[];
  connect(networkId: string, container: string, endpoint: Omit<EndpointSpec, "network">): Promise<void>;
  disconnect(networkId: string, container: string, options: { readonly force: boolean }): Promise<void>;
}

export interface NetworksOptions {
  readonly store: RecordStore<NetworkRecord>;
  readonly stack: NetworkStack;
  readonly subnets: SubnetChooser;
  readonly events: EventSink;
  /** Of the state folder; the predefined networks' ids come from it. */
  readonly engineId: string;
}

export interface Network extends NetworkRecord {
  readonly name: string;
}

/** Bridge networks on the network stack, and the predefined three. */
export class Networks implements NetworkService {
  readonly #options: NetworksOptions;
  readonly #index = new RefIndex<Network>();
  /** One network after the other gets its subnet, or two would get the same. */
  readonly #subnetChoice = new Mutex();
  /** Networks that exist in the kernel, or are about to. */
  readonly #applied = new Map<string, Promise<void>>();
  #members: NetworkMembers | undefined;

  private constructor(options: NetworksOptions) {
    this.#options = options;
  }

  static async open(options: NetworksOptions): Promise<Networks> {
    const networks = new Networks(options);
    const createdAt = timestampNow();
    for (const name of predefinedNames) networks.#add(predefinedNetwork(name, options.engineId, createdAt));
    for (const record of (await options.store.load()).values()) networks.#add(record);
    return networks;
  }

  setMembers(members: NetworkMembers): void {
    this.#members = members;
  }

  async list(filters: Filters): Promise<readonly NetworkView[]> {
    checkFilterKeys(filters, ["id", "name", "driver", "type", "label", "scope", "dangling"]);
    checkTypeFilter(filters);
    await this.#withSubnet(this.find("bridge"));
    const views = this.#index.values().map((network) => this.#view(network));
    return views.filter((view) => matchesFilters(view, filters));
  }

  async inspect(ref: string): Promise<NetworkView> {
    return this.#view(await this.#withSubnet(this.find(ref)));
  }

  async create(spec: NetworkSpec): Promise<{ readonly id: string }> {
    const { id } = await this.#subnetChoice.run(() => this.#admit(spec));
    try {
      await this.ready(id);
      await this.#options.store.put(id, this.#get(id));
    } catch (error) {
      await this.#forget(id);
      throw error;
    }
    this.#publish("create", this.#get(id));
    return { id };
  }

  async #admit(spec: NetworkSpec): Promise<Network> {
    if (isPredefined(spec.name) || spec.name === "default") {
      throw new RuncibleError("predefined-network", `operation is not permitted on predefined ${spec.name} network`);
    }
    if (this.#index.named(spec.name) !== undefined) throw networkNameInUse(spec.name);
    if (spec.driver === "host" || spec.driver === "null") {
      throw new RuncibleError("predefined-network", `only one instance of "${spec.driver}" network is allowed`);
    }
    if (spec.driver !== "bridge") {
      throw new RuncibleError("not-implemented", `plugin "${spec.driver}" not found; use bridge`);
    }
    // As with Docker, the default bridge has the first choice.
    await this.#settleSubnet(this.find("bridge").id);
    const subnets = await this.#chooseSubnets(spec);
    return this.#add({ id: randomId(), createdAt: timestampNow(), spec: { ...spec, subnets } });
  }

  async remove(ref: string): Promise<void> {
    const network = this.find(ref);
    if (isPredefined(network.name)) {
      throw new RuncibleError("predefined-network", `${network.name} is a pre-defined network and cannot be removed`);
    }
    if (this.#endpointsIn(network.id).length > 0) throw inUse(network);
    try {
      await this.#forget(network.id);
    } catch (error) {
      // A container is about to start on it.
      throw hasCode(error, "network-in-use") ? inUse(network, error) : error;
    }
    this.#publish("destroy", network);
  }

  async connect(ref: string, container: string, endpoint: Omit<EndpointSpec, "network">): Promise<void> {
    const network = this.find(ref);
    if (network.spec.driver !== "bridge") throw notToBeJoined(network);
    await this.#members?.connect(network.id, container, endpoint);
  }

  async disconnect(ref: string, container: string, options: { readonly force: boolean }): Promise<void> {
    const network = this.find(ref);
    if (network.spec.driver === "host") throw notToBeJoined(network);
    await this.#members?.disconnect(network.id, container, options);
  }

  async prune(filters: Filters): Promise<readonly string[]> {
    checkFilterKeys(filters, ["until", "label", "label!"]);
    const until = (filters.get("until") ?? []).map((text) => decodeUntil(text, Date.now()));
    const removed: string[] = [];
    for (const { id, name, spec, createdAt } of this.#index.values()) {
      if (until.some((time) => Date.parse(createdAt) >= time)) continue;
      if (isPredefined(name) || this.#endpointsIn(id).length > 0 || !matchesLabels(spec.labels, filters)) continue;
      try {
        await this.remove(id);
        removed.push(name);
      } catch (error) {
        // It has come into use, or somebody else was quicker.
        if (!hasCode(error, "network-in-use") && !hasCode(error, "network-not-found")) throw error;
      }
    }
    publishPrune(this.#options.events, "network", 0);
    return removed;
  }

  /** By id, name or id prefix. Throws `network-not-found`. */
  find(ref: string): Network {
    return this.#index.find(ref === "default" ? "bridge" : ref, noSuchNetwork);
  }

  /** By id or name; undefined when the network is gone. */
  tryFind(ref: string): Network | undefined {
    const name = ref === "default" ? "bridge" : ref;
    return this.#index.get(name) ?? this.#index.named(name);
  }

  /** Makes sure the kernel has the network: bridges are made when first needed. */
  async ready(id: string): Promise<void> {
    const applied = this.#applied.get(id) ?? this.#apply(id);
    this.#applied.set(id, applied);
    try {
      await applied;
    } catch (error) {
      this.#applied.delete(id);
      throw error;
    }
  }

  labelled(key: string, value?: string): readonly string[] {
    return this.#index.values().flatMap(({ id, spec }) => (hasLabel(spec.labels, key, value) ? [id] : []));
  }

  async #apply(id: string): Promise<void> {
    const { name, spec } = await this.#withSubnet(this.#get(id));
    const [range] = spec.subnets;
    if (range?.gateway === undefined) return;
    await this.#options.stack.addNetwork({
      id,
      name,
      subnet: range.subnet,
      gateway: range.gateway,
      ...(range.ipRange === undefined ? {} : { ipRange: range.ipRange }),
      isInternal: spec.isInternal,
      answersNames: name !== "bridge",
      spareSandboxes: name === "bridge" ? spareSandboxes : 0,
    });
  }

  async #withSubnet({ id }: Network): Promise<Network> {
    return await this.#subnetChoice.run(() => this.#settleSubnet(id));
  }

  /**
   * In the turn of whoever chooses. The default bridge gets its subnet when a network is first looked at or made, not
   * when the engine starts: that is a spawn saved.
   */
  async #settleSubnet(id: string): Promise<Network> {
    const network = this.#get(id);
    if (network.spec.driver !== "bridge" || network.spec.subnets.length > 0) return network;
    const subnets = await this.#chooseSubnets(network.spec);
    return this.#add({ ...this.#get(id), spec: { ...network.spec, subnets } });
  }

  /** The first is the one in use. */
  async #chooseSubnets({ subnets }: NetworkSpec): Promise<readonly SubnetSpec[]> {
    const taken = this.#index.values().flatMap(({ spec }) => spec.subnets.slice(0, 1).map(({ subnet }) => subnet));
    const [wanted, ...others] = subnets;
    return [await this.#options.subnets.choose(wanted, taken), ...others];
  }

  #add({ id, createdAt, spec }: NetworkRecord): Network {
    const network = { id, createdAt, spec, name: spec.name };
    this.#index.add(network);
    return network;
  }

  #get(id: string): Network {
    return this.#index.find(id, noSuchNetwork);
  }

  /** Throws `network-in-use`, and then it is what it was. */
  async #forget(id: string): Promise<void> {
    await this.#applied.get(id)?.then(
      () => this.#options.stack.removeNetwork(id),
      () => {},
    );
    if (this.#index.get(id) === undefined) throw noSuchNetwork(id);
    this.#index.delete(id);
    this.#applied.delete(id);
    await this.#options.store.remove(id);
  }

  #endpointsIn(id: string): readonly NetworkEndpointView[] {
    return this.#members?.endpointsIn(id) ?? [];
  }

  #view({ id, createdAt, spec }: Network): NetworkView {
    return { ...spec, id, createdAt, endpoints: this.#endpointsIn(id) };
  }

  #publish(action: string, { id, name, spec }: Network): void {
    this.#options.events.publish({ type: "network", action, id, attributes: { name, type: spec.driver } });
  }
}

/** As many containers of a test file as usually start at once. */
const spareSandboxes = 3;

function inUse({ name, id }: Network, cause?: unknown): RuncibleError {
  const message = `error while removing network: network ${name} id ${id} has active endpoints`;
  return new RuncibleError("network-in-use", message, { cause });
}

/** In Docker's words. */
function notToBeJoined({ name }: Network): RuncibleError {
  const reason =
    name === "host"
      ? "container cannot be disconnected from host network or connected to host network"
      : "container cannot be connected to multiple networks with one of the networks in private (none) mode";
  return new RuncibleError("invalid-argument", reason);
}

function hasLabel(labels: Readonly<Record<string, string>>, key: string, value: string | undefined): boolean {
  return value === undefined ? labels[key] !== undefined : labels[key] === value;
}
