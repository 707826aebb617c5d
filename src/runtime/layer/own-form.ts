import { ownUserNamespace } from "../../internal/user-namespace";
import type { LayerForm } from "./tar-filter";

/** Outside the machine's own user namespace, overlayfs keeps its marks in attributes that everybody may write. */
export function ownLayerForm(): LayerForm {
  return ownUserNamespace().isInitial
    ? { opaqueAttribute: "trusted.overlay.opaque", hasDevices: true, whiteouts: "devices" }
    : { opaqueAttribute: "user.overlay.opaque", hasDevices: false, whiteouts: "devices" };
}
