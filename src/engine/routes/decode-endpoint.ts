import { isIP } from "node:net";
import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { amountField, defined, listField, objectField, textField, textMapField } from "../http/json-fields";
import type { EndpointSpec } from "./container-spec";

/** EndpointSettings of a create or connect request. Throws `invalid-argument`; `not-implemented` for IPv6. */
export function decodeEndpoint(json: JsonObject): Omit<EndpointSpec, "network"> {
  const ipam = objectField(json, "IPAMConfig");
  refuseAddresses(ipam);
  return {
    aliases: listField(json, "Aliases"),
    links: listField(json, "Links"),
    ...defined({
      ipv4Address: ipv4Field(ipam),
      macAddress: macField(json, "MacAddress"),
    }),
    gatewayPriority: amountField(json, "GwPriority") ?? 0,
    driverOptions: textMapField(json, "DriverOpts"),
  };
}

export function macField(json: JsonObject, key: string): string | undefined {
  const text = textField(json, key);
  if (text === undefined || /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(text)) return text;
  throw new RuncibleError("invalid-argument", `${text} is not a valid mac address`);
}

function ipv4Field(ipam: JsonObject): string | undefined {
  const text = textField(ipam, "IPv4Address");
  if (text === undefined || isIP(text) === 4) return text;
  throw new RuncibleError("invalid-argument", `invalid IPv4 address: ${text}`);
}

function refuseAddresses(ipam: JsonObject): void {
  const address = textField(ipam, "IPv6Address");
  if (address !== undefined && isIP(address) !== 6) {
    throw new RuncibleError("invalid-argument", `invalid IPv6 address: ${address}`);
  }
  if (address !== undefined) {
    throw new RuncibleError(
      "not-implemented",
      `IPv6 address ${address}: networks of this engine have IPv4 only; leave --ip6 out`,
    );
  }
  const [linkLocal] = listField(ipam, "LinkLocalIPs");
  if (linkLocal !== undefined) {
    throw new RuncibleError(
      "not-implemented",
      `link-local address ${linkLocal}: this engine leaves such addresses out; choose one of the network by --ip`,
    );
  }
}
