/** What the core tells when all is well. */
export const allWell = {
  fromOutside: "+PONG",
  exec: ["copied", "640", "1"],
  client: ["PONG", "0"],
  committed: ["mine", "group", "hostname", "hosts", "resolv.conf"],
  left: "",
};
