import { aliasPortsLabel, formatAliasPorts } from "../../wire/ports";
import { withSystemPaths } from "../../wire/system-paths";
import {
  checkedAbsolutePath,
  checkedHost,
  checkedInteger,
  checkedList,
  checkedObject,
  checkedPort,
  checkedPositive,
  checkedTextMap,
  checkedTexts,
  checkedWith,
} from "../checks";
import type { StartedNetwork } from "../network/network";
import {
  getContainerPort,
  getProtocol,
  hasHostBinding,
  type PortWithBinding,
  type PortWithOptionalBinding,
} from "../ports/port";
import {
  checkCapabilities,
  checkExposed,
  checkedBind,
  checkedExtraHost,
  checkedIpcMode,
  checkedNetworkMode,
  checkedUlimits,
} from "./request-checks";
import { extrasOf } from "./request-extras";
import { RequestState } from "./request-state";
import type { BindMount, ExtraHost, ResourcesQuota, TmpFs, Ulimits } from "./types";

/** What a container is to have of the machine and its networks. */
export abstract class HostRequest extends RequestState {
  /** Path to mount options. Added to earlier ones. */
  withTmpFs(tmpFs: TmpFs): this {
    for (const path of Object.keys(checkedTextMap(tmpFs, "tmpfs"))) checkedAbsolutePath(path, "the path of a tmpfs");
    this.hostConfig.Tmpfs = { ...this.hostConfig.Tmpfs, ...tmpFs };
    return this;
  }

  /** Added to earlier ones. */
  withUlimits(ulimits: Ulimits): this {
    this.hostConfig.Ulimits = [...(this.hostConfig.Ulimits ?? []), ...checkedUlimits(ulimits)];
    return this;
  }

  withSecurityOpt(...options: string[]): this {
    checkedTexts(options, "the security options");
    const { SecurityOpt, ...paths } = withSystemPaths(options);
    Object.assign(this.hostConfig, paths, { SecurityOpt: [...(this.hostConfig.SecurityOpt ?? []), ...SecurityOpt] });
    return this;
  }

  withAddedCapabilities(...capabilities: string[]): this {
    checkCapabilities(capabilities, "the added capabilities");
    this.hostConfig.CapAdd = [...(this.hostConfig.CapAdd ?? []), ...capabilities];
    return this;
  }

  withDroppedCapabilities(...capabilities: string[]): this {
    checkCapabilities(capabilities, "the dropped capabilities");
    this.hostConfig.CapDrop = [...(this.hostConfig.CapDrop ?? []), ...capabilities];
    return this;
  }

  withNetwork(network: StartedNetwork): this {
    this.networkMode = checkedWith(network, ["getName"], "the network").getName();
    return this;
  }

  /** `bridge`, `host`, `none`, `container:<id>` or a network's name. */
  withNetworkMode(networkMode: string): this {
    this.networkMode = checkedNetworkMode(networkMode);
    return this;
  }

  /** Further names in the network of `withNetwork`. */
  withNetworkAliases(...networkAliases: string[]): this {
    for (const alias of networkAliases) checkedHost(alias, "a network alias");
    this.networkAliases = [...this.networkAliases, ...networkAliases];
    return this;
  }

  /** Lines of /etc/hosts. */
  withExtraHosts(extraHosts: ExtraHost[]): this {
    const added = checkedList(extraHosts, "the extra hosts").map(checkedExtraHost);
    this.hostConfig.ExtraHosts = [...(this.hostConfig.ExtraHosts ?? []), ...added];
    return this;
  }

  /** Published on any free host port, unless one is given. Added to earlier ones. */
  withExposedPorts(...ports: PortWithOptionalBinding[]): this {
    const exposed = { ...this.createOpts.ExposedPorts };
    const bindings = { ...this.hostConfig.PortBindings };
    for (const port of ports) {
      checkExposed(port);
      const key = `${getContainerPort(port)}/${getProtocol(port)}`;
      exposed[key] = {};
      bindings[key] = [{ HostPort: hasHostBinding(port) ? String(port.host) : "0" }];
    }
    this.exposedPorts = [...this.exposedPorts, ...ports];
    this.createOpts.ExposedPorts = exposed;
    this.hostConfig.PortBindings = bindings;
    return this;
  }

  /**
   * Host ports that are the same at each start, beside those that are published, for a debugger or a database's tools.
   * They are taken where they are free; else, and on a daemon that is not ours, the start goes on without, and the log
   * (`DEBUG=testcontainers`) says who has the port. Added to earlier ones.
   */
  withAliasPorts(...ports: PortWithBinding[]): this {
    const { aliasPorts } = extrasOf(this);
    for (const port of ports) {
      checkExposed(port);
      checkedPort(port.host, "an alias port");
      aliasPorts.push({
        hostPort: port.host,
        containerPort: { port: getContainerPort(port), protocol: getProtocol(port) },
      });
    }
    this.createOpts.Labels = { ...this.createOpts.Labels, [aliasPortsLabel]: formatAliasPorts(aliasPorts) };
    return this;
  }

  /** Replaces earlier ones. */
  withBindMounts(bindMounts: BindMount[]): this {
    this.hostConfig.Binds = checkedList(bindMounts, "the bind mounts").map(checkedBind);
    return this;
  }

  withDefaultLogDriver(): this {
    this.hostConfig.LogConfig = { Type: "json-file", Config: {} };
    return this;
  }

  withPrivilegedMode(): this {
    this.hostConfig.Privileged = true;
    return this;
  }

  withIpcMode(ipcMode: string): this {
    this.hostConfig.IpcMode = checkedIpcMode(ipcMode);
    return this;
  }

  withResourcesQuota(quota: ResourcesQuota): this {
    const { memory, cpu } = checkedObject(quota, "the resources quota");
    if (memory !== undefined) checkedPositive(memory, "the memory quota, in GiB");
    if (cpu !== undefined) checkedPositive(cpu, "the CPU quota");
    this.hostConfig.Memory = memory === undefined ? undefined : Math.ceil(memory * 1024 ** 3);
    this.hostConfig.NanoCpus = cpu === undefined ? undefined : Math.ceil(cpu * 1e9);
    return this;
  }

  withSharedMemorySize(bytes: number): this {
    this.hostConfig.ShmSize = checkedInteger(bytes, "the size of shared memory", { min: 1 });
    return this;
  }
}
