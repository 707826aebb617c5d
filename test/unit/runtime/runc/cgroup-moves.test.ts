import { expect, test } from "vitest";
import { ownFolders } from "../../../../src/runtime/runc/cgroup-moves";

test("a process finds its own cgroup in each hierarchy that is mounted", () => {
  const facts = {
    unified: "/sys/fs/cgroup/unified",
    hierarchies: new Map([
      ["cpu", "/sys/fs/cgroup/cpu,cpuacct"],
      ["cpuacct", "/sys/fs/cgroup/cpu,cpuacct"],
      ["name=systemd", "/sys/fs/cgroup/systemd"],
    ]),
  };
  const text = "9:name=systemd:/a:b\n4:memory:/not/mounted\n1:cpu,cpuacct:/\n0::/user.slice\n";

  expect(ownFolders(facts, text)).toEqual([
    "/sys/fs/cgroup/systemd/a:b",
    "/sys/fs/cgroup/cpu,cpuacct/",
    "/sys/fs/cgroup/unified/user.slice",
  ]);
});

test("a single hierarchy of version 2 is enough", () => {
  expect(ownFolders({ unified: "/sys/fs/cgroup", hierarchies: new Map() }, "0::/user.slice/a.scope\n")).toEqual([
    "/sys/fs/cgroup/user.slice/a.scope",
  ]);
});
