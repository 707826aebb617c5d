import { expect, test } from "vitest";
import { hostsFile, resolvConf } from "../../../src/runtime/network-files";

const plain = {
  folder: "/nowhere",
  hostname: "web",
  domainname: "",
  addresses: ["172.18.0.2"],
  extraHosts: [],
  nameservers: ["127.0.0.11"],
  search: [],
  resolverOptions: ["ndots:0"],
};

test("the hosts file ends with the container's own line, behind the extra hosts", () => {
  const extraHosts = [{ host: "host.docker.internal", address: "172.17.0.1" }];
  expect(
    hostsFile({ ...plain, extraHosts })
      .trimEnd()
      .split("\n")
      .slice(-2),
  ).toEqual(["172.17.0.1\thost.docker.internal", "172.18.0.2\tweb"]);
});

test("a domain name comes before the short name, so that hostname -f finds it", () => {
  expect(hostsFile({ ...plain, domainname: "test.local" })).toContain("172.18.0.2\tweb.test.local web\n");
});

test("resolv.conf names search domains, servers and options, and leaves out what there is none of", () => {
  expect(resolvConf(plain)).toBe("nameserver 127.0.0.11\noptions ndots:0\n");
  expect(resolvConf({ ...plain, search: ["a.test", "b.test"], resolverOptions: [] })).toBe(
    "search a.test b.test\nnameserver 127.0.0.11\n",
  );
});
