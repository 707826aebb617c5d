import { nowNs } from "../../internal/steady-clock";
import { timestampOf } from "../../internal/timestamp";

export function timestampNow(): string {
  return timestampOf(nowNs());
}
