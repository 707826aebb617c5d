import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { booleanField, listField, objectField, textField } from "../http/json-fields";
import type { NetworkMode } from "./container-spec";

/**
 * What a container cannot have because its network, or its host name, is somebody else's. Throws `invalid-argument`
 * with Docker's texts.
 */
export function checkNetworkMode(config: JsonObject, hostConfig: JsonObject, { kind }: NetworkMode): void {
  const conflict = [...hostnameConflicts(config, hostConfig, kind), ...networkConflicts(config, hostConfig, kind)][0];
  if (conflict !== undefined) throw new RuncibleError("invalid-argument", `conflicting options: ${conflict}`);
}

function hostnameConflicts(config: JsonObject, hostConfig: JsonObject, kind: NetworkMode["kind"]): readonly string[] {
  if (textField(config, "Hostname") === undefined) return [];
  if (kind === "container") return ["hostname and the network mode"];
  return textField(hostConfig, "UTSMode") === "host" ? ["hostname and the UTS mode"] : [];
}

/** Links and hardware addresses belong to an interface of the container's own; the rest is the other container's. */
function networkConflicts(config: JsonObject, hostConfig: JsonObject, kind: NetworkMode["kind"]): readonly string[] {
  if (kind !== "container" && kind !== "host") return [];
  const own: readonly (readonly [boolean, string])[] = [
    [listField(hostConfig, "Links").length > 0, linksConflict(kind)],
    [textField(config, "MacAddress") !== undefined, "mac-address and the network mode"],
  ];
  const shared: readonly (readonly [boolean, string])[] = [
    [listField(hostConfig, "Dns").length > 0, "dns and the network mode"],
    [listField(hostConfig, "ExtraHosts").length > 0, "custom host-to-IP mapping and the network mode"],
    [publishes(hostConfig), "port publishing and the container type network mode"],
    [Object.keys(objectField(config, "ExposedPorts")).length > 0, "port exposing and the container type network mode"],
  ];
  return [...own, ...(kind === "container" ? shared : [])].flatMap(([isSet, text]) => (isSet ? [text] : []));
}

function linksConflict(kind: "container" | "host"): string {
  return `${kind} type network${kind === "host" ? "ing" : ""} can't be used with links. This would result in undefined behavior`;
}

function publishes(hostConfig: JsonObject): boolean {
  return Object.keys(objectField(hostConfig, "PortBindings")).length > 0 || booleanField(hostConfig, "PublishAllPorts");
}
