import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { parsePortKey } from "../../wire/ports";
import {
  booleanField,
  defined,
  listField,
  numberField,
  objectField,
  objectListField,
  optionalListField,
  textField,
  textMapField,
} from "../http/json-fields";
import { checkNetworkMode } from "./check-network-mode";
import type { ContainerSpec, DeviceSpec, RestartPolicy } from "./container-spec";
import { decodeHealthCheck } from "./decode-health";
import { decodeMounts } from "./decode-mounts";
import {
  decodeDns,
  decodeEndpoints,
  decodeExtraHosts,
  decodeNetworkMode,
  decodePublish,
} from "./decode-network-options";
import { decodeResources, decodeRestartPolicy } from "./decode-resources";
import { consoleSize } from "./decode-terminal-size";
import { refuseUnsupported } from "./refuse-unsupported";

/** Body of `POST /containers/create`; its `name` and `platform` are in the query. Throws `invalid-argument`. */
export function decodeCreate(body: JsonObject, query: URLSearchParams): ContainerSpec {
  const image = textField(body, "Image");
  if (image === undefined) throw invalid("Config cannot be empty in order to create a container");
  const { HostConfig: _, NetworkingConfig: __, ...config } = body;
  const hostConfig = objectField(body, "HostConfig");
  refuseUnsupported(hostConfig);
  const networkMode = decodeNetworkMode(hostConfig);
  checkNetworkMode(body, hostConfig, networkMode);
  return {
    image,
    ...defined({
      name: query.get("name")?.replace(/^\//, "") || undefined,
      platform: query.get("platform") || undefined,
    }),
    ...decodeProcess(body),
    ...decodeMounts(body, hostConfig),
    networkMode,
    ...defined({ consoleSize: consoleSize(hostConfig) }),
    endpoints: decodeEndpoints(body, hostConfig, networkMode),
    publish: decodePublish(hostConfig),
    publishAll: booleanField(hostConfig, "PublishAllPorts"),
    extraHosts: decodeExtraHosts(hostConfig),
    dns: decodeDns(hostConfig),
    ...decodeLifecycle(hostConfig),
    ...decodeIsolation(hostConfig),
    resources: decodeResources(hostConfig),
    logs: decodeLogs(objectField(hostConfig, "LogConfig")),
    raw: { config, hostConfig },
  };
}

type ProcessPart = Pick<
  ContainerSpec,
  | "entrypoint"
  | "command"
  | "environment"
  | "user"
  | "workingDir"
  | "hostname"
  | "domainname"
  | "labels"
  | "exposedPorts"
  | "healthCheck"
  | "stopSignal"
  | "stopTimeoutSeconds"
  | "tty"
  | "openStdin"
  | "stdinOnce"
>;

function decodeProcess(body: JsonObject): ProcessPart {
  return {
    ...defined({
      entrypoint: decodeEntrypoint(body),
      command: decodeCommand(body),
      user: textField(body, "User"),
      workingDir: decodeWorkingDir(body),
      hostname: textField(body, "Hostname"),
      domainname: textField(body, "Domainname"),
      healthCheck: body["Healthcheck"] == null ? undefined : decodeHealthCheck(objectField(body, "Healthcheck")),
      stopSignal: textField(body, "StopSignal"),
      stopTimeoutSeconds: numberField(body, "StopTimeout"),
    }),
    environment: decodeEnvironment(body),
    labels: textMapField(body, "Labels"),
    exposedPorts: Object.keys(objectField(body, "ExposedPorts")).flatMap(parsePortKey),
    tty: booleanField(body, "Tty"),
    openStdin: booleanField(body, "OpenStdin"),
    stdinOnce: booleanField(body, "StdinOnce"),
  };
}

/** `[""]` is the command line's way to say `[]`. */
function decodeEntrypoint(body: JsonObject): readonly string[] | undefined {
  const list = optionalListField(body, "Entrypoint");
  return list?.length === 1 && list[0] === "" ? [] : list;
}

function decodeCommand(body: JsonObject): readonly string[] | undefined {
  const list = optionalListField(body, "Cmd");
  return list?.length === 0 ? undefined : list;
}

function decodeWorkingDir(body: JsonObject): string | undefined {
  const path = textField(body, "WorkingDir");
  if (path === undefined || path.startsWith("/")) return path;
  throw invalid(`the working directory '${path}' is invalid, it needs to be an absolute path`);
}

export function decodeEnvironment(body: JsonObject): readonly string[] {
  const list = listField(body, "Env");
  const bad = list.find((entry) => entry === "" || entry.startsWith("="));
  if (bad !== undefined) throw invalid(`invalid environment variable: ${bad}`);
  return list;
}

type LifecyclePart = Pick<ContainerSpec, "autoRemove" | "restartPolicy" | "init">;

function decodeLifecycle(hostConfig: JsonObject): LifecyclePart {
  const autoRemove = booleanField(hostConfig, "AutoRemove");
  const none: RestartPolicy = { name: "no", maximumRetryCount: 0 };
  const restartPolicy = decodeRestartPolicy(objectField(hostConfig, "RestartPolicy")) ?? none;
  if (autoRemove && restartPolicy.name !== "no") {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  return { autoRemove, restartPolicy, init: booleanField(hostConfig, "Init") };
}

type IsolationPart = Pick<
  ContainerSpec,
  | "privileged"
  | "isReadOnlyRoot"
  | "capAdd"
  | "capDrop"
  | "securityOptions"
  | "groupAdd"
  | "sysctls"
  | "devices"
  | "pidMode"
  | "ipcMode"
  | "utsMode"
  | "usernsMode"
  | "cgroupnsMode"
  | "cgroupParent"
  | "maskedPaths"
  | "readonlyPaths"
>;

function decodeIsolation(hostConfig: JsonObject): IsolationPart {
  return {
    privileged: booleanField(hostConfig, "Privileged"),
    isReadOnlyRoot: booleanField(hostConfig, "ReadonlyRootfs"),
    capAdd: listField(hostConfig, "CapAdd").map(capabilityName),
    capDrop: listField(hostConfig, "CapDrop").map(capabilityName),
    securityOptions: listField(hostConfig, "SecurityOpt"),
    groupAdd: listField(hostConfig, "GroupAdd"),
    sysctls: textMapField(hostConfig, "Sysctls"),
    devices: objectListField(hostConfig, "Devices").map(decodeDevice),
    ...defined({
      pidMode: namespaceMode(hostConfig, "PidMode", []),
      ipcMode: namespaceMode(hostConfig, "IpcMode", ["none", "private", "shareable"]),
      utsMode: namespaceMode(hostConfig, "UTSMode", []),
      usernsMode: textField(hostConfig, "UsernsMode"),
      cgroupnsMode: cgroupNamespace(textField(hostConfig, "CgroupnsMode")),
      cgroupParent: textField(hostConfig, "CgroupParent"),
      maskedPaths: optionalListField(hostConfig, "MaskedPaths"),
      readonlyPaths: optionalListField(hostConfig, "ReadonlyPaths"),
    }),
  };
}

/** Whose namespace the container is in. Throws `invalid-argument`, of another container as Docker does: never a 404. */
function namespaceMode(hostConfig: JsonObject, key: string, more: readonly string[]): string | undefined {
  const mode = textField(hostConfig, key);
  const isOther = key !== "UTSMode" && mode !== undefined && /^container:./.test(mode);
  if (mode === undefined || mode === "host" || more.includes(mode) || isOther) return mode;
  throw invalid(`invalid ${key.replace("Mode", "").toUpperCase()} mode: ${mode}`);
}

function cgroupNamespace(text: string | undefined): "host" | "private" | undefined {
  if (text === undefined || text === "host" || text === "private") return text;
  throw new RuncibleError("invalid-argument", `invalid cgroup namespace mode: ${text}`);
}

function capabilityName(text: string): string {
  const name = text.toUpperCase();
  return name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`;
}

function decodeDevice(json: JsonObject): DeviceSpec {
  const hostPath = textField(json, "PathOnHost");
  if (hostPath === undefined) throw invalid("invalid device: it has no PathOnHost");
  return {
    hostPath,
    containerPath: textField(json, "PathInContainer") ?? hostPath,
    permissions: textField(json, "CgroupPermissions") ?? "rwm",
  };
}

function decodeLogs(json: JsonObject): ContainerSpec["logs"] {
  return { driver: textField(json, "Type") ?? "json-file", options: textMapField(json, "Config") };
}

function invalid(message: string): RuncibleError {
  return new RuncibleError("invalid-argument", message);
}
