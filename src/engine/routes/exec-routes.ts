import { RuncibleError } from "../../internal/errors";
import { decodeDetachKeys } from "../../wire/detach-keys";
import type { ExecInspect } from "../../wire/exec";
import type { JsonObject } from "../../wire/json";
import { booleanField, defined, listField, textField } from "../http/json-fields";
import { empty, json, type Reply } from "../http/reply";
import { type EngineRequest, param, type Route } from "../http/request";
import { decodeEnvironment } from "./decode-create";
import { consoleSize, terminalSize } from "./decode-terminal-size";
import type { ExecService, ExecSpec, ExecView } from "./exec-service";
import { attachedType } from "./stream-type";

/** Further processes in running containers. */
export function execRoutes(execs: ExecService): readonly Route[] {
  return [
    { method: "POST", pattern: "/containers/:id/exec", handler: (request) => create(execs, request) },
    { method: "POST", pattern: "/exec/:id/start", handler: (request) => start(execs, request) },
    { method: "GET", pattern: "/exec/:id/json", handler: (request) => inspect(execs, request) },
    { method: "POST", pattern: "/exec/:id/resize", handler: (request) => resize(execs, request) },
  ];
}

async function create(execs: ExecService, request: EngineRequest): Promise<Reply> {
  const { id } = await execs.create(param(request, "id"), decodeExec(await request.json()));
  return json({ Id: id }, 201);
}

function decodeExec(body: JsonObject): ExecSpec {
  const command = listField(body, "Cmd");
  if (command.length === 0) throw new RuncibleError("invalid-argument", "No exec command specified");
  const detachKeys = textField(body, "DetachKeys") ?? "";
  decodeDetachKeys(detachKeys);
  return {
    command,
    environment: decodeEnvironment(body),
    ...defined({ user: textField(body, "User"), workingDir: textField(body, "WorkingDir") }),
    tty: booleanField(body, "Tty"),
    privileged: booleanField(body, "Privileged"),
    attachStdin: booleanField(body, "AttachStdin"),
    attachStdout: booleanField(body, "AttachStdout"),
    attachStderr: booleanField(body, "AttachStderr"),
    ...defined({ size: consoleSize(body) }),
    detachKeys,
  };
}

async function start(execs: ExecService, request: EngineRequest): Promise<Reply> {
  const id = param(request, "id");
  const body = await request.json();
  if (booleanField(body, "Detach")) {
    await execs.startDetached(id);
    return empty(200);
  }
  const { spec } = await execs.inspect(id);
  const { isTty, output } = await execs.start(id, {
    ...(spec.attachStdin ? { input: request.input() } : {}),
    detachKeys: decodeDetachKeys(spec.detachKeys),
    ...defined({ size: consoleSize(body) ?? spec.size }),
    signal: request.signal,
  });
  return { kind: "hijack", contentType: attachedType(request.apiVersion, isTty), isTty, output };
}

async function inspect(execs: ExecService, request: EngineRequest): Promise<Reply> {
  return json(encodeExec(await execs.inspect(param(request, "id"))));
}

function encodeExec({ id, containerId, spec, isRunning, pid, exitCode }: ExecView): ExecInspect {
  const [entrypoint = "", ...args] = spec.command;
  return {
    ID: id,
    Running: isRunning,
    ExitCode: exitCode,
    ProcessConfig: {
      tty: spec.tty,
      entrypoint,
      arguments: args,
      privileged: spec.privileged,
      ...defined({ user: spec.user }),
    },
    OpenStdin: spec.attachStdin,
    OpenStderr: spec.attachStderr,
    OpenStdout: spec.attachStdout,
    CanRemove: false,
    ContainerID: containerId,
    DetachKeys: spec.detachKeys,
    Pid: pid,
  };
}

async function resize(execs: ExecService, request: EngineRequest): Promise<Reply> {
  await execs.resize(param(request, "id"), terminalSize(request));
  return empty(200);
}
