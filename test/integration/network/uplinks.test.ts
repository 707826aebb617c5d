import { openNoUplink } from "../../../src/runtime/network/uplink/none";
import { openPastaUplink } from "../../../src/runtime/network/uplink/pasta";
import { openSlirpUplink } from "../../../src/runtime/network/uplink/slirp";
import { openVethUplink } from "../../../src/runtime/network/uplink/veth";
import { isMachineRoot } from "../../support/run-as";
import { uplinkContract } from "./uplink-contract";

uplinkContract("no way out", openNoUplink, { leadsOut: false });
if (isMachineRoot) {
  uplinkContract("a link to the host [root only: nobody else can make one]", openVethUplink, { leadsOut: true });
} else {
  uplinkContract("pasta [ordinary user only: root has a link]", openPastaUplink, { leadsOut: true });
  uplinkContract("slirp4netns [ordinary user only: root has a link]", openSlirpUplink, { leadsOut: true });
}
