import type { UplinkDriver } from "./uplink";

/** Of a range that is for documentation only (RFC 5737): asked for the host, the switch says that there is no route. */
const nowhere = "198.51.100.1";

/** No way out: the switch between the networks, and nothing else. */
export const openNoUplink: UplinkDriver = async () => ({ hostGateway: nowhere, close: async () => {} });
