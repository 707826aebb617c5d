import { multiplexedStreamType, rawStreamType } from "../../wire/frames";
import { type ApiVersion, isAtLeast } from "../../wire/versions";

/** Content type of attached output on an upgraded connection: since API 1.42 it tells frames from raw bytes. */
export function attachedType(version: ApiVersion, isTty: boolean): string {
  return isAtLeast(version, 42) && !isTty ? multiplexedStreamType : rawStreamType;
}

/** Content type of logs; before API 1.42 they had none. */
export function logsType(version: ApiVersion, isTty: boolean): string | undefined {
  return isAtLeast(version, 42) ? attachedType(version, isTty) : undefined;
}
