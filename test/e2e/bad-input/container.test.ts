import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { GenericContainer, Wait } from "../../../src/index";
import { useNewEngineOfThisFile } from "../../support/engine-of-file";
import { failureInTime } from "../../support/failure-in-time";
import { rootTest } from "../../support/run-as";
import { useServiceImages } from "../services/service-images";
import { expectNothingMade, failureOf } from "./failure";

const engine = useNewEngineOfThisFile();
const images = useServiceImages(["busybox"]);
const busybox = (...command: string[]): GenericContainer =>
  new GenericContainer(images.nameOf("busybox")).withCommand(command.length === 0 ? ["sleep", "60"] : command);

expectNothingMade(engine, async () => (await busybox().start()).stop());

test("an unknown user is named", async () => {
  const error = await failureOf(busybox().withUser("nobodyhere"));

  expect(error).toMatchObject({ code: "start-failed", cause: { code: "user-unknown" } });
  expect(error.message).toContain("unable to find user nobodyhere");
});

test("a missing executable is exit code 127, a file that is none 126", async () => {
  const missing = await failureOf(busybox("no-such-program"));
  const text = await failureOf(busybox("/etc/passwd"));

  expect(missing).toMatchObject({ cause: { code: "executable-not-found" }, evidence: { exitCode: 127 } });
  expect(missing.message).toContain('exec: "no-such-program": executable file not found in $PATH');
  expect(missing.message).toContain("it never ran, exit code 127");
  expect(text).toMatchObject({ cause: { code: "executable-not-permitted" }, evidence: { exitCode: 126 } });
});

test("a working folder that is a file is said to be one", async () => {
  const error = await failureOf(busybox().withWorkingDir("/etc/passwd"));

  expect(error).toMatchObject({ cause: { code: "invalid-argument" } });
  expect(error.message).toContain("use working folder /etc/passwd: it is a file");
});

test("a bind source that does not exist is not made", async () => {
  const error = await failureOf(busybox().withBindMounts([{ source: "/no/such/folder", target: "/data" }]));

  expect(error.code).toBe("bind-source-missing");
  expect(error.message).toContain("bind /no/such/folder: there is no such file or folder");
});

test("a folder bound over a file is said to be one", async () => {
  const error = await failureOf(busybox().withBindMounts([{ source: "/tmp", target: "/etc/passwd" }]));

  expect(error.code).toBe("start-failed");
  expect(error.message).toMatch(/not a directory; is it a folder where a file is expected, or the other way round\?/);
});

const takers = {
  tcp: () => createServer().listen(0, "127.0.0.1"),
  udp: () => createSocket("udp4").bind(0, "127.0.0.1"),
} as const;

test.each(["tcp", "udp"] as const)("a host port that is taken is named (%s)", async (protocol) => {
  const taker = takers[protocol]();
  await once(taker, "listening");
  const { port } = taker.address() as AddressInfo;

  const error = await failureOf(busybox().withExposedPorts({ container: 80, host: port, protocol }));

  taker.close();
  expect(error).toMatchObject({ code: "start-failed", cause: { code: "port-in-use" } });
  expect(error.message).toContain(`127.0.0.1:${port} failed: port is already allocated`);
});

test("a name that is taken is named, and the first container goes on", async () => {
  await using first = await busybox().withName("taken").start();

  const error = await failureOf(busybox().withName("taken"));

  expect(error.code).toBe("name-in-use");
  expect(error.message).toContain('"/taken" is already in use');
  expect((await first.exec(["echo", "on"])).stdout).toBe("on\n");
});

test("a wait that never comes true says image, what was awaited, how long and the last log lines", async () => {
  const container = busybox("sh", "-c", "echo still loading; exec sleep 60").withWaitStrategy(
    Wait.forLogMessage("ready"),
  );

  const { error, limitMs } = await failureInTime(
    300,
    (limitMs) => failureOf(container.withStartupTimeout(limitMs)),
    ({ message }) => message.includes("still loading"),
  );

  expect(error).toMatchObject({ code: "start-failed", cause: { code: "wait-timeout" } });
  expect(error.message).toContain(images.nameOf("busybox"));
  expect(error.message).toContain(`Log message "ready" not received after ${limitMs}ms`);
  expect(error.message).toMatch(/after \d+ ms, it still ran/);
  expect(error.message).toContain("still loading");
});

test("a container that exits at once says its exit code and last log lines", async () => {
  const error = await failureOf(busybox("sh", "-c", "echo no config >&2; exit 3").withExposedPorts(80));

  expect(error).toMatchObject({ cause: { code: "container-exited" }, evidence: { exitCode: 3 } });
  expect(error.message).toContain("exited with code 3");
  expect(error.message).toContain("its last log lines:\nno config");
});

rootTest("a container that ran out of memory says so", "an ordinary user has no cgroup to give", async () => {
  const error = await failureOf(busybox("tail", "/dev/zero").withResourcesQuota({ memory: 0.02 }).withExposedPorts(80));

  expect(error).toMatchObject({ cause: { code: "container-exited" }, evidence: { isOutOfMemory: true } });
  expect(error.message).toContain("killed: out of memory");
});
