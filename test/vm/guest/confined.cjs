// What AppArmor makes of root's containers, with and without what else guards the machine; the answer as JSON.
const tar = require("tar-stream");
const { connect } = require("../../../build/client/connect.js");
const { busybox } = require("./containers.cjs");

/** Nothing but AppArmor is in the way. */
const unguarded = { CapAdd: ["SYS_ADMIN", "NET_ADMIN"], MaskedPaths: [], ReadonlyPaths: [] };
const attempts = {
  mount: "busybox mount -t tmpfs none /mnt",
  setting: "value=$(busybox cat /proc/sys/vm/swappiness); echo $value >/proc/sys/vm/swappiness",
  dump: "value=$(busybox cat /proc/sys/kernel/core_pattern); echo $value >/proc/sys/kernel/core_pattern",
  ownName: "echo example.org >/proc/sys/kernel/domainname",
  ownNetwork: "echo 1 >/proc/sys/net/ipv4/ip_forward",
  signal: "busybox sleep 100 & kill $!",
};
const tryAll = Object.entries(attempts)
  .map(([name, script]) => `if (${script}) 2>/dev/null; then echo ${name}; fi`)
  .join("\n");

async function main() {
  const { client } = await connect();
  const image = await busybox(client);

  async function running(options, asked = {}) {
    const HostConfig = { ...asked, SecurityOpt: options };
    const Cmd = ["busybox", "sh", "-c", "busybox mkdir -p /mnt; exec busybox sleep 1000"];
    const { Id } = await client.containers.create({ Image: image, Cmd, HostConfig });
    await client.containers.start(Id);
    const { AppArmorProfile } = await client.containers.inspect(Id);
    const first = (await execute(Id, "busybox cat /proc/1/attr/current")).trim();
    const entered = (await execute(Id, "busybox cat /proc/self/attr/current")).trim();
    const done = (await execute(Id, tryAll)).trim().split("\n");
    await client.containers.stop(Id, { timeoutSeconds: 0 });
    await client.containers.remove(Id, { force: true });
    return { inspected: AppArmorProfile, first, entered, done };
  }

  async function execute(id, script) {
    const exec = await client.exec.create(id, { Cmd: ["busybox", "sh", "-c", script], AttachStdout: true });
    let text = "";
    // Each chunk begins with a header of eight bytes.
    for await (const chunk of await client.exec.start(exec.Id)) text += chunk.subarray(8);
    return text;
  }

  const context = tar.pack();
  context.entry(
    { name: "Dockerfile" },
    `FROM ${image}\nRUN ["busybox", "sh", "-c", "busybox cat /proc/self/attr/current >/profile"]\n`,
  );
  context.finalize();
  const built = await client.build.image({ context, noCache: true });
  const { Id } = await client.containers.create({ Image: built, Cmd: ["busybox", "cat", "/profile"] });
  await client.containers.start(Id);
  await client.containers.wait(Id);
  let step = "";
  for await (const chunk of await client.containers.logs(Id)) step += chunk;
  await client.containers.remove(Id, { force: true });

  const missing = await running(["apparmor=not-loaded"]).then(
    () => "it started",
    ({ message }) => message,
  );
  const answer = {
    options: (await client.system.info()).SecurityOptions,
    confined: await running(["seccomp=unconfined"], unguarded),
    unconfined: await running(["seccomp=unconfined", "apparmor=unconfined"], unguarded),
    privileged: await running([], { Privileged: true }),
    step: step.trim(),
    missing,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
