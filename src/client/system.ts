import { RuncibleError } from "../internal/errors";
import type { RuncibleInfo } from "../wire/session";
import type { InfoJson, VersionJson } from "../wire/system";
import type { Transport } from "./transport";

export interface SystemClient {
  info(): Promise<InfoJson>;
  version(): Promise<VersionJson>;
  /** What our own engine says of itself; undefined when another daemon answers. Throws `engine-unreachable`. */
  runcibleInfo(): Promise<RuncibleInfo | undefined>;
  /** Own engine only: asks it not to leave by itself. */
  stay(): Promise<void>;
  /** Own engine only: asks it to end, whatever runs. */
  shutdown(): Promise<void>;
}

export function createSystemClient(transport: Transport): SystemClient {
  return {
    info: () => transport.call("GET", "/info"),
    version: () => transport.call("GET", "/version"),
    runcibleInfo: async () => {
      try {
        return await transport.call<RuncibleInfo>("GET", "/runcible/info");
      } catch (error) {
        if (isUnknownRoute(error)) return undefined;
        throw error;
      }
    },
    stay: () => transport.send("POST", "/runcible/stay"),
    shutdown: () => transport.send("POST", "/runcible/shutdown"),
  };
}

/** Another daemon does not know what lives below /runcible. */
export function isUnknownRoute(error: unknown): boolean {
  return error instanceof RuncibleError && (error.evidence["status"] === 404 || error.evidence["status"] === 405);
}
