import { expect, test } from "vitest";
import { checkCpusets, ownCpusets } from "../../../../src/engine/containers/cpusets";

const own = { cpus: "0-3,8", mems: "0" };

test.each([{ cpusetCpus: "0" }, { cpusetCpus: "1-3,8" }, { cpusetMems: "0" }, {}])("%j can be had", (limits) => {
  expect(() => checkCpusets(limits, own)).not.toThrow();
});

test.each([
  [{ cpusetCpus: "4" }, "Requested CPUs are not available - requested 4, available: 0-3,8"],
  [{ cpusetCpus: "3-8" }, "Requested CPUs are not available - requested 3-8, available: 0-3,8"],
  [{ cpusetMems: "1" }, "Requested memory nodes are not available - requested 1, available: 0"],
  [{ cpusetCpus: "all" }, "Invalid value all for cpuset cpus: invalid format: all"],
  [{ cpusetCpus: "2-1" }, "Invalid value 2-1 for cpuset cpus: invalid format: 2-1"],
  [{ cpusetCpus: "0-99999" }, "Invalid value 0-99999 for cpuset cpus: invalid format: 0-99999"],
])("%j is refused in Docker's words", (limits, message) => {
  expect(() => checkCpusets(limits, own)).toThrow(expect.objectContaining({ code: "invalid-argument", message }));
});

test("this process has processors and memory nodes", () => {
  const { cpus, mems } = ownCpusets();
  expect(() => checkCpusets({ cpusetCpus: cpus, cpusetMems: mems })).not.toThrow();
  expect(cpus).toMatch(/^\d/);
});
