import { isIP } from "node:net";
import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { amountField, defined, listField, objectField, textField, textMapField } from "../http/json-fields";
import type { EndpointSpec } from "./container-spec";

/** EndpointSettings of a create or connect request. Throws `invalid-argument`. */
export function decodeEndpoint(json: JsonObject): Omit<EndpointSpec, "network"> {
  const ipam = objectField(json, "IPAMConfig");
  return {
    aliases: listField(json, "Aliases"),
    links: listField(json, "Links"),
    ...defined({
      ipv4Address: addressField(ipam, "IPv4Address", 4),
      ipv6Address: addressField(ipam, "IPv6Address", 6),
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

function addressField(json: JsonObject, key: string, family: 4 | 6): string | undefined {
  const text = textField(json, key);
  if (text === undefined || isIP(text) === family) return text;
  throw new RuncibleError("invalid-argument", `invalid IPv${family} address: ${text}`);
}
