import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { changedResolvConf, changeHostsAddresses, hostsFile, resolvConf } from "../../../src/runtime/network-files";

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

test("addresses come and go in the hosts file, and what the container wrote itself stays", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-hosts-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const names = { folder, hostname: "web", domainname: "" };
  await writeFile(join(folder, "hosts"), `${hostsFile(plain)}192.0.2.7\tmine\n`);
  await changeHostsAddresses(names, { added: ["172.19.0.2"], removed: [] });
  await changeHostsAddresses(names, { added: [], removed: ["172.18.0.2"] });
  const lines = (await readFile(join(folder, "hosts"), "utf8")).split("\n");
  expect(lines.slice(-3)).toEqual(["192.0.2.7\tmine", "172.19.0.2\tweb", ""]);
  expect(lines).not.toContain("172.18.0.2\tweb");
});

test("a hosts file that the container made huge is not read, and stays as it is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runcible-hosts-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "hosts");
  await writeFile(path, hostsFile(plain));
  await truncate(path, 3 * 1024 ** 3);

  const change = changeHostsAddresses(
    { folder, hostname: "web", domainname: "" },
    { added: ["172.19.0.2"], removed: [] },
  );

  await expect(change).rejects.toMatchObject({ code: "container-state" });
  expect((await stat(path)).size).toBe(3 * 1024 ** 3);
});

const hosts = "# made by hand\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch office.test\noptions edns0\n";

test("what a container on the host's network has of its own takes the place of the host's, the rest stays", () => {
  const own = { servers: ["9.9.9.9"], search: ["own.test"], options: [] };
  expect(changedResolvConf(hosts, own)).toBe("# made by hand\noptions edns0\nnameserver 9.9.9.9\nsearch own.test\n");
  expect(changedResolvConf(hosts, { servers: [], search: [], options: [] })).toBe(hosts);
});
