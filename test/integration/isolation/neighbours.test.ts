import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { processesOf } from "../../support/leaks/processes";
import { storageFolderOf } from "../../support/storage-folder";
import { busyboxImage } from "../api/busybox-image";
import { openCanary } from "./canary";
import { execIn, openCell } from "./in-container";

const engine = useEngineOfThisFile();

test("a container sees, signals and traces no process but its own", async () => {
  await using neighbour = await openCell(engine.client, { Cmd: ["sh", "-c", "exec sleep 777"] });
  await using cell = await openCell(engine.client);
  const hostPid = (await engine.client.containers.inspect(neighbour.id)).State.Pid;

  expect(await cell.sh("ps")).not.toContain("sleep 777");
  const pids = [hostPid, process.pid, process.ppid].join(" ");
  expect(await cell.sh(`for p in ${pids}; do kill -9 $p && echo killed; done; kill -9 -1; true`)).not.toContain(
    "killed",
  );
  expect(await cell.sh(`cat /proc/${hostPid}/environ /proc/${process.pid}/environ && echo read`)).not.toContain("read");
  await expect(engine.client.containers.inspect(neighbour.id)).resolves.toMatchObject({ State: { Running: true } });
});

test("a container may trace its own processes, and no others even with the capability to", async () => {
  await using neighbour = await openCell(engine.client);
  await using cell = await openCell(engine.client, { HostConfig: { CapAdd: ["SYS_PTRACE"] } });
  const { Pid } = (await engine.client.containers.inspect(neighbour.id)).State;

  // Until it has become the program, the first process is runc's, and hides from everybody.
  await cell.sh("while grep -q runc /proc/1/comm; do sleep 0.05; done");
  expect(await cell.sh("head -c 1 /proc/1/environ | wc -c")).toContain("1");
  expect(await cell.sh(`ls /proc/${Pid}/root/ && echo read`)).not.toContain("read");
});

/**
 * ptrace(2), which no program of busybox knows, with PTRACE_ATTACH: says which of the processes let it. A number of
 * another's may be that of a process here.
 */
const attach = `my $call = { x86_64 => 101, aarch64 => 117 }->{$ARGV[0]};
my $child = fork() // die; if (!$child) { sleep 60; exit }
for my $pid ($child, grep { !-d "/proc/$_" } @ARGV[1 .. $#ARGV]) {
  my $how = syscall($call, 16, $pid, 0, 0) == 0 ? "attached" : "refused: $!";
  print(($pid == $child ? "own" : "other") . " $how\\n");
}
kill 9, $child;`;

test("a container attaches to its own processes, and to none of the machine's or of another container", async () => {
  const Image = "localhost/tracer:1";
  await GenericContainer.fromHost({ executables: ["perl", "sleep", "uname", "sh"] }, Image);
  await using neighbour = await openCell(engine.client);
  const HostConfig = { CapAdd: ["SYS_PTRACE"] };
  await using cell = await openCell(engine.client, { Image, Cmd: ["sleep", "1000"], HostConfig });
  const { Pid } = (await engine.client.containers.inspect(neighbour.id)).State;

  const said = await cell.sh(`perl -e '${attach}' $(uname -m) ${Pid} ${process.pid} ${process.ppid}`);

  expect([...new Set(said.trim().split("\n"))]).toEqual(["own attached", "other refused: No such process"]);
});

test("files of another container, and of the engine's folders, are out of reach", async () => {
  await using neighbour = await openCell(engine.client);
  await neighbour.sh("echo neighbours-secret > /tmp/secret");
  await using cell = await openCell(engine.client);

  const found = await cell.sh(
    "find / -xdev -name secret 2>/dev/null; grep -rs neighbours-secret /tmp /root /etc; cat /proc/*/root/tmp/secret",
  );
  expect(found).not.toContain("neighbours-secret");
  expect(await cell.sh(`ls ${engine.stateFolder} && echo read`)).not.toContain("read");
  // Where its own root lies is told by the kernel, and leads nowhere.
  const folder = join(await storageFolderOf(engine), "containers", cell.id);
  expect(await cell.sh(`ls ${folder} && echo read`)).not.toContain("read");
  expect(
    await cell.sh(
      "d=$(sed -n 's/.*upperdir=\\([^,]*\\).*/\\1/p' /proc/self/mountinfo); [ -n \"$d\" ] && ls $d/.. && echo read",
    ),
  ).not.toContain("read");
});

test("the engine's socket is not to be had, by path or by abstract name", async () => {
  await using cell = await openCell(engine.client);
  const socket = `${engine.stateFolder}/engine.sock`;
  for (const attempt of [
    `ls ${socket}`,
    "ls /var/run/docker.sock",
    `nc local:${socket} </dev/null`,
    "find / -xdev -name engine.sock | grep .",
  ]) {
    expect(await cell.sh(`${attempt} && echo reached`)).not.toContain("reached");
  }
  // Sockets without a path belong to a network namespace: here there is none but the container's own.
  expect(await cell.sh("wc -l < /proc/net/unix")).toMatch(/^[01]$/m);
});

test("nothing of the engine listens without a path, which a container on the machine's network would reach", async () => {
  // A container that runs, so that all that serves one is there.
  await using cell = await openCell(engine.client, { HostConfig: { NetworkMode: "host" } });
  const seen = (await cell.sh("cat /proc/net/unix")).split("\n").filter((line) => line.includes(" @"));
  const inodes = new Set<string>();
  for (const { pid } of await processesOf(engine.stateFolder)) {
    const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const name of names) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/${pid}/fd/${name}`).catch(() => "")) ?? [];
      if (inode !== undefined) inodes.add(inode);
    }
  }
  expect(inodes.size).toBeGreaterThan(0);
  expect(seen.filter((line) => inodes.has(line.trim().split(/\s+/)[6] ?? ""))).toEqual([]);
});

test("a bind mount gives the folder that was named, and what is above it stays out of reach", async () => {
  await using canary = await openCanary();
  const before = await canary.contents();
  await using cell = await openCell(engine.client, { HostConfig: { Binds: [`${canary.folder}/sub:/data:ro`] } });

  expect(await cell.sh("cat /data/file")).toBe(canary.secret);
  expect(await cell.sh("cat /data/../file /data/../../file && echo read")).not.toContain(canary.secret);
  await cell.sh("echo x > /data/file; rm -rf /data/*; ln -s .. /data/up; mount -o remount,rw /data");
  expect(await canary.contents()).toEqual(before);
});

test("what a container writes to paths of the host it writes to files of its own, or nowhere", async () => {
  await using canary = await openCanary();
  const before = await canary.contents();
  await using cell = await openCell(engine.client);
  const ways = ["", "/..", "/../../../../../..", "/proc/self/root", "/proc/1/root", "/proc/1/cwd", "/dev/fd/../root"];
  for (const path of ways.map((way) => `${way}${canary.folder}`)) {
    const said = await cell.sh(
      `cat ${path}/file; mkdir -p ${path}/sub; echo broken > ${path}/file; ln -sf x ${path}/sub/file; rm -rf ${path}/hosts`,
    );
    expect(said).not.toContain(canary.secret);
  }
  expect(await canary.contents()).toEqual(before);
});

test("working folders of an exec that lead out of the container lead nowhere", async () => {
  await using canary = await openCanary();
  await using cell = await openCell(engine.client);
  await cell.sh(`ln -s /proc/self/fd/8 /f8; ln -s ${canary.folder} /host; ln -s /proc/1/cwd /one`);
  // Files that a runtime keeps open must not become a way out (CVE-2024-21626).
  const folders = [
    ...Array.from({ length: 20 }, (_, fd) => `/proc/self/fd/${fd}`),
    "/f8",
    "/host",
    "/one/../..",
    "../../../..",
  ];
  for (const WorkingDir of folders) {
    const said = await execIn(engine.client, cell.id, {
      Cmd: [
        "sh",
        "-c",
        `pwd; ls -d ${canary.folder.slice(1)} ../..${canary.folder}; cat ../../../../..${canary.folder}/file`,
      ],
      WorkingDir,
    }).catch(String);
    expect(said).not.toContain(canary.secret);
  }
});

test.each([6, 7, 8, 9])(
  "a container whose working folder is descriptor %d of whoever starts it stays inside",
  async (fd) => {
    await using canary = await openCanary();
    const { Id } = await engine.client.containers.create({
      ...{ Image: await busyboxImage(), WorkingDir: `/proc/self/fd/${fd}` },
      Cmd: ["sh", "-c", `pwd; cat ../../../../../../..${canary.folder}/file`],
    });
    await engine.client.containers.start(Id).then(
      () => engine.client.containers.wait(Id),
      () => undefined,
    );
    expect(await text(await engine.client.containers.logs(Id))).not.toContain(canary.secret);
    await engine.client.containers.remove(Id, { force: true });
  },
);
