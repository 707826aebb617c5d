import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { randomId, shortId } from "../../internal/ids";
import type { RunRequest } from "../../runtime/container";
import type { Mount } from "../../runtime/mount";
import { ociResources } from "../../runtime/runc/resources";
import { expand } from "../dockerfile/expand";
import { parseHeredoc } from "../dockerfile/heredoc";
import type { RunInstruction } from "../dockerfile/instruction";
import { proxyArgs } from "../plan/build-args";
import { runCreatedBy } from "../plan/created-by";
import { type MountFlag, parseMount } from "../plan/mount-flag";
import { shellOf } from "../plan/run-config";
import type { Build } from "./build";
import { stepKey } from "./build-cache";
import { makeLayer, type StepRoot, type Tidy } from "./make-layer";
import { findMountStubs } from "./mount-stubs";
import { runCommand } from "./run-command";
import { mountKeys, type OpenMounts, openMounts } from "./run-mounts";
import { diffIdsOf, nextSnapshot } from "./snapshot";
import { type Stage, variablesOf } from "./stage-state";

/** RUN: a container on what the stage has come to; what it writes becomes a layer. */
export async function runStep(build: Build, stage: Stage, instruction: RunInstruction): Promise<Stage> {
  const { snapshot, config, args, output } = stage;
  const { words, script } = commandWith(instruction, config.config);
  const variables = variablesOf(stage);
  const mounts = instruction.mounts.map((text) => parseMount(expand(text, variables, build.dockerfile.escapeMark)));
  // A variable of the image wins, so the argument of its name says nothing.
  const ofImage = new Set((config.config.Env ?? []).map((entry) => entry.split("=", 1)[0]));
  const shownArgs = new Map([...args].filter(([name]) => !proxyArgs.includes(name) && !ofImage.has(name)));
  const diffIds = diffIdsOf(snapshot);
  const key = stepKey([
    "run",
    diffIds,
    words,
    script ?? "",
    config.config.Env ?? [],
    [...shownArgs].sort(),
    config.config.User ?? "",
    config.config.WorkingDir ?? "",
    instruction.network,
    await mountKeys(build, stage, mounts),
  ]);
  const { record, isCached } = await build.parts.cache.step({
    key,
    isCacheUsed: build.request.isCacheUsed,
    lease: build.lease,
    signal: build.signal,
    make: () =>
      makeLayer(build, diffIds, (root) => runInRoot(build, stage, { instruction, words, script, mounts }, root)),
  });
  if (isCached) await output.emit({ stream: " ---> Using cache\n" }, build.signal);
  const createdBy = runCreatedBy(words, shownArgs);
  return { ...stage, snapshot: nextSnapshot(snapshot, { ...record, runConfig: config.config, createdBy }) };
}

interface RunJob {
  readonly instruction: RunInstruction;
  readonly words: readonly string[];
  /** Of a heredoc that begins with `#!`. */
  readonly script: string | undefined;
  readonly mounts: readonly MountFlag[];
}

async function runInRoot(build: Build, stage: Stage, job: RunJob, { rootPath, folder }: StepRoot): Promise<Tidy> {
  const { output } = stage;
  const id = randomId();
  const opened = await openMounts(build, stage, job.mounts);
  try {
    const mounts = [...opened.mounts, ...(await scriptMounts(folder, job))];
    const stubs = await findMountStubs(rootPath, [...defaultTargets, ...mounts.map(({ target }) => target)]);
    await output.emit({ stream: ` ---> Running in ${shortId(id)}\n` }, build.signal);
    try {
      const request = await requestOf(build, stage, { ...job, ...opened, id, rootPath, folder, mounts });
      await runCommand(build, output, request);
    } finally {
      await stubs.remove();
    }
    await output.emit({ stream: ` ---> Removed intermediate container ${shortId(id)}\n` }, build.signal);
    return stubs.prune;
  } finally {
    await opened.release();
  }
}

/** What every container has mounted on it, whether the image has the place or not. */
const defaultTargets = ["/proc", "/dev", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

interface ContainerJob extends Omit<RunJob, "mounts">, Omit<OpenMounts, "release">, StepRoot {
  readonly id: string;
}

async function requestOf(build: Build, stage: Stage, job: ContainerJob): Promise<RunRequest> {
  const { request, host } = build;
  const { config } = stage.config;
  const { network } = job.instruction;
  const { profile } = build.parts.runtime.appArmor;
  return {
    id: job.id,
    folder: job.folder,
    ...(job.bundle === undefined ? {} : { bundle: job.bundle }),
    rootPath: job.rootPath,
    user: config.User ?? "",
    groups: [],
    hasStdin: false,
    network: await host.network(network === "default" ? request.networkMode : network, shortId(job.id)),
    names: host.names(shortId(job.id), request.extraHosts),
    spec: {
      args: job.words,
      env: [...environmentOf(build, stage), ...job.env],
      cwd: config.WorkingDir || "/",
      domainname: "",
      isReadOnlyRoot: false,
      mounts: job.mounts,
      pidMode: "private",
      ipcMode: "private",
      utsMode: "private",
      resources: ociResources(request.limits),
      capAdd: [],
      capDrop: [],
      isPrivileged: false,
      seccomp: "default",
      // A step may bring the program itself that it runs.
      has32BitPrograms: true,
      noNewPrivileges: false,
      ...(profile === undefined ? {} : { appArmorProfile: profile }),
      devices: [],
      sysctls: {},
      ulimits: request.ulimits,
      ...(request.shmSizeBytes === undefined ? {} : { shmSizeBytes: request.shmSizeBytes }),
    },
  };
}

/** The image's variables win over build args, and these over the proxies that need no ARG. */
function environmentOf(build: Build, stage: Stage): readonly string[] {
  const proxies = proxyArgs.flatMap((name) => {
    const value = build.request.buildArgs.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const all = new Map([...proxies, ...variablesOf(stage)]);
  return [...all].map(([name, value]) => `${name}=${value}`);
}

/** The command with the heredocs it was written with. */
function commandWith(
  { command, heredocs }: RunInstruction,
  config: Parameters<typeof shellOf>[0],
): { readonly words: readonly string[]; readonly script?: string } {
  if (command.kind === "exec") return { words: command.words };
  const shell = shellOf(config);
  const [only] = heredocs;
  if (only === undefined) return { words: [...shell, command.line] };
  if (parseHeredoc(command.line) === undefined) {
    const bodies = heredocs.map(({ name, content }) => `\n${content}${name}`).join("");
    return { words: [...shell, command.line + bodies] };
  }
  if (only.content.startsWith("#!")) return { words: [posix.join(scriptFolder, only.name)], script: only.content };
  return { words: [...shell, only.content] };
}

const scriptFolder = "/dev/pipes";

async function scriptMounts(folder: string, { script, words }: RunJob): Promise<readonly Mount[]> {
  if (script === undefined) return [];
  const source = join(folder, "script");
  const file = join(source, posix.basename(words[0] ?? ""));
  await mkdir(source, { mode: 0o755 });
  await writeFile(file, script);
  await chmod(file, 0o755);
  return [{ type: "bind", source, target: scriptFolder, options: ["rbind", "ro"] }];
}
