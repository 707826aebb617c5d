import { RuncibleError } from "../../internal/errors";
import { isArchitecture, parsePlatform } from "../../internal/platform";
import { shownUrl } from "../../internal/shown-url";
import { agentsHeader, secretsHeader } from "../../wire/build";
import type { JsonObject, JsonValue } from "../../wire/json";
import { decodeBoolean, decodeInteger } from "../../wire/query-values";
import { defined, isArray, textMapField } from "../http/json-fields";
import type { EngineRequest } from "../http/request";
import type { BuildImageRequest } from "./build-service";
import { refusal } from "./buildkit-routes";
import { decodeAuths } from "./decode-auths";
import { decodeExtraHosts } from "./decode-network-options";
import { decodeResources } from "./decode-resources";
import { decodeJsonHeader } from "./json-header";

/** Query and headers of `POST /build`. Throws `invalid-argument`, `not-implemented`. */
export function decodeBuild({ query, headers, body, signal }: EngineRequest): BuildImageRequest {
  refuseRemote(query.get("remote"));
  refuseLeftOut(query);
  return {
    context: body,
    dockerfile: query.get("dockerfile") || "Dockerfile",
    tags: query.getAll("t").filter((tag) => tag !== ""),
    buildArgs: givenArgs(query.get("buildargs")),
    labels: textMapField({ labels: parseJson(query.get("labels"), "labels") }, "labels"),
    target: query.get("target") ?? "",
    ...defined({ platform: platformOf(query.get("platform")) }),
    isPullForced: decodeBoolean(query.get("pull")),
    isCacheUsed: !decodeBoolean(query.get("nocache")),
    isQuiet: decodeBoolean(query.get("q")),
    networkMode: query.get("networkmode") || "default",
    extraHosts: decodeExtraHosts({ ExtraHosts: hostList(query.get("extrahosts")) }),
    resources: decodeResources(resourcesOf(query)),
    auths: decodeAuths({ headers }),
    secrets: secretsOf(headers[secretsHeader]),
    agents: agentsOf(headers[agentsHeader]),
    signal,
  };
}

function refuseRemote(remote: string | null): void {
  if (!remote) return;
  if (remote === "client-session") throw new RuncibleError("not-implemented", refusal);
  throw new RuncibleError(
    "not-implemented",
    `build image: the context "${shownUrl(remote)}" is not in the request; send it as a tar archive`,
  );
}

/** The result is an image of the steps' layers, and of no other kind; steps have the rights of any container. */
function refuseLeftOut(query: URLSearchParams): void {
  if (decodeBoolean(query.get("squash"))) {
    throw new RuncibleError(
      "not-implemented",
      "build image: squash is left out; copy into a last stage that is FROM scratch",
    );
  }
  const security = parseJson(query.get("securityopt"), "securityopt");
  if (isArray(security) && security.length > 0) {
    throw new RuncibleError("not-implemented", "build image: security options are left out; leave them out here too");
  }
  const outputs = parseJson(query.get("outputs"), "outputs");
  const types = isArray(outputs) ? outputs.map((output) => (isObject(output) ? output["Type"] : undefined)) : [];
  const other = types.find((type) => type !== "moby" && type !== "image");
  if (types.length === 0 || other === undefined) return;
  throw new RuncibleError(
    "not-implemented",
    `build image: output of type "${String(other)}" is left out; build an image and docker cp or docker export from it`,
  );
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !isArray(value);
}

/** Before anything is pulled for it. Throws `invalid-argument`. */
function platformOf(text: string | null): string | undefined {
  if (!text) return undefined;
  const { os, architecture } = parsePlatform(text);
  if (os !== "linux")
    throw new RuncibleError("invalid-argument", `operating system "${os}" is not supported; use linux`);
  if (isArchitecture(architecture)) return text;
  throw new RuncibleError("invalid-argument", `parse platform "${text}": "${architecture}" is no architecture`);
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

type Header = EngineRequest["headers"][string];

function secretsOf(header: Header): ReadonlyMap<string, Buffer> {
  return new Map(textsOf(header).map(([id, value]) => [id, Buffer.from(value, "base64")]));
}

function agentsOf(header: Header): ReadonlyMap<string, string> {
  return new Map(textsOf(header));
}

function textsOf(header: Header): readonly (readonly [string, string])[] {
  return Object.entries(decodeJsonHeader(header)).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
}

function parseJson(text: string | null, name: string): JsonValue {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `read build parameter ${name}: it is no JSON`, { cause });
  }
}
