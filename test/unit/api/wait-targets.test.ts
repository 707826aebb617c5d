import { expect, test } from "vitest";
import { checkMadeTargets, checkWaitTargets } from "../../../src/api/compose/wait-targets";

const project = {
  services: { web: {}, store: { container_name: "shop" }, worker: { deploy: { replicas: 3 } } },
  inactiveServices: ["debug-tool"],
};

test.each(["web-1", "web", "shop", "store", "worker", "worker-3"])("%s can be waited for", (name) => {
  expect(() => checkWaitTargets(project, [name])).not.toThrow();
});

test.each([
  ["web-7", "the containers are web-1, shop, worker-1, worker-2, worker-3"],
  ["web-0", "the containers are"],
  ["worker-4", "the containers are"],
  ["store-1", "the containers are web-1, shop"],
  ["wbe-1", "did you mean web-1? the containers are"],
  ["shpo", "did you mean shop?"],
  ["debug-tool", 'the profile of service "debug-tool" is not active'],
  ["debug-tool-1", 'the profile of service "debug-tool" is not active'],
])("%s is refused, with the names that there are", (name, advice) => {
  expect(() => checkWaitTargets(project, ["web-1", name])).toThrow(
    expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(advice) }),
  );
});

test("the numbers of containers are those of --scale", () => {
  expect(() => checkWaitTargets(project, ["web-7"], { web: 7 })).not.toThrow();
  expect(() => checkWaitTargets(project, ["worker-2"], { worker: 1 })).toThrow(/web-1, shop, worker-1$/);
});

test("what another program has made can be waited for by container and service, nothing else", () => {
  const made = [{ name: "web-1", service: "web" }];
  expect(() => checkMadeTargets(made, ["web", "web-1"])).not.toThrow();
  expect(() => checkMadeTargets(made, ["web-2"])).toThrow(/"web-2": no service .*; the containers are web-1$/);
});
