import { RuncibleError } from "../../internal/errors";
import { agentsHeader, secretsHeader } from "../../wire/build";
import type { JsonObject, JsonValue } from "../../wire/json";
import { decodeBoolean, decodeInteger } from "../../wire/query-values";
import { type RegistryAuth, registryAuthOf } from "../../wire/registry-auth";
import { defined, isArray, textMapField } from "../http/json-fields";
import type { EngineRequest } from "../http/request";
import type { BuildImageRequest } from "./build-service";
import { decodeExtraHosts } from "./decode-network-options";
import { decodeResources } from "./decode-resources";

/** Query and headers of `POST /build`. Throws `invalid-argument`, `not-implemented`. */
export function decodeBuild({ query, headers, body, signal }: EngineRequest): BuildImageRequest {
  refuseRemote(query.get("remote"));
  return {
    context: body,
    dockerfile: query.get("dockerfile") || "Dockerfile",
    tags: query.getAll("t").filter((tag) => tag !== ""),
    buildArgs: givenArgs(query.get("buildargs")),
    labels: textMapField({ labels: parseJson(query.get("labels"), "labels") }, "labels"),
    target: query.get("target") ?? "",
    ...defined({ platform: query.get("platform") || undefined }),
    isPullForced: decodeBoolean(query.get("pull")),
    isCacheUsed: !decodeBoolean(query.get("nocache")),
    isQuiet: decodeBoolean(query.get("q")),
    networkMode: query.get("networkmode") || "default",
    extraHosts: decodeExtraHosts({ ExtraHosts: hostList(query.get("extrahosts")) }),
    resources: decodeResources(resourcesOf(query)),
    auths: authsOf(headerText(headers["x-registry-config"])),
    secrets: secretsOf(headerText(headers[secretsHeader])),
    agents: agentsOf(headerText(headers[agentsHeader])),
    signal,
  };
}

function refuseRemote(remote: string | null): void {
  if (!remote) return;
  throw new RuncibleError(
    "not-implemented",
    `build image: the context "${remote}" is not in the request; send it as a tar archive`,
  );
}

/** Arguments without a value are those that the client's environment lacks. */
function givenArgs(text: string | null): Readonly<Record<string, string>> {
  const json = parseJson(text, "buildargs");
  if (json === null || typeof json !== "object" || isArray(json)) return {};
  const given = Object.entries(json).filter(([, value]) => value !== null && value !== undefined);
  return textMapField({ buildargs: Object.fromEntries(given) as JsonObject }, "buildargs");
}

/** Comma-separated by old clients, as JSON by newer ones. */
function hostList(text: string | null): JsonValue {
  if (!text) return [];
  return text.startsWith("[") ? parseJson(text, "extrahosts") : text.split(",").filter((entry) => entry !== "");
}

function resourcesOf(query: URLSearchParams): JsonObject {
  const number = (name: string): number => decodeInteger(query.get(name), name) ?? 0;
  return {
    Memory: number("memory"),
    MemorySwap: number("memswap"),
    CpuShares: number("cpushares"),
    CpuPeriod: number("cpuperiod"),
    CpuQuota: number("cpuquota"),
    CpusetCpus: query.get("cpusetcpus") ?? "",
    CpusetMems: query.get("cpusetmems") ?? "",
    ShmSize: number("shmsize"),
    Ulimits: parseJson(query.get("ulimits"), "ulimits"),
  };
}

function authsOf(header: string): ReadonlyMap<string, RegistryAuth> {
  const auths = Object.entries(decodeHeader(header)).flatMap(([server, value]) => {
    const auth = registryAuthOf(value);
    return auth === undefined ? [] : [[registryHost(server), auth] as const];
  });
  return new Map(auths);
}

function registryHost(server: string): string {
  const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "index.docker.io" ? "docker.io" : host;
}

function secretsOf(header: string): ReadonlyMap<string, Buffer> {
  return new Map(textsOf(header).map(([id, value]) => [id, Buffer.from(value, "base64")]));
}

function agentsOf(header: string): ReadonlyMap<string, string> {
  return new Map(textsOf(header));
}

function textsOf(header: string): readonly (readonly [string, string])[] {
  return Object.entries(decodeHeader(header)).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
}

/** Base64 of a JSON object; what is neither counts as nothing, as Docker has it for credentials. */
function decodeHeader(header: string): JsonObject {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}

function headerText(value: string | string[] | undefined): string {
  return typeof value === "string" ? value : "";
}

function parseJson(text: string | null, name: string): JsonValue {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `read build parameter ${name}: it is no JSON`, { cause });
  }
}
