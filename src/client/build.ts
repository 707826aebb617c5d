import type { Readable } from "node:stream";
import { RuncibleError } from "../internal/errors";
import { agentsHeader, encodeAgents, encodeSecrets, secretsHeader } from "../wire/build";
import type { ProgressLine } from "../wire/progress";
import { encodeRegistryConfig, type RegistryAuth } from "../wire/registry-auth";
import { createBuildTranscript } from "./build-transcript";
import { readProgress } from "./progress";
import type { Transport } from "./transport";

export interface BuildClient {
  /** Resolves to the image's id. An error the daemon tells in the middle of its progress is thrown. */
  image(request: BuildImageRequest): Promise<string>;
}

export interface BuildImageRequest {
  /** Tar, compressed or not. */
  readonly context: Readable;
  /** Path in the context. Default: `Dockerfile`. */
  readonly dockerfile?: string;
  readonly tags?: readonly string[];
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  /** Network of RUN. Default: the default bridge. */
  readonly network?: string;
  /** `name:address`. */
  readonly extraHosts?: readonly string[];
  readonly shmSizeBytes?: number;
  /** By registry host. */
  readonly auths?: ReadonlyMap<string, RegistryAuth>;
  /** Own engine only: for `RUN --mount=type=secret`, by id. */
  readonly secrets?: ReadonlyMap<string, Buffer>;
  /** Own engine only: for `RUN --mount=type=ssh`, the sockets of ssh agents by id; `default` is the one without id. */
  readonly agents?: ReadonlyMap<string, string>;
  /** Further parameters of the API, by its own names. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly onProgress?: (line: ProgressLine) => void;
  readonly signal?: AbortSignal;
}

export function createBuildClient(transport: Transport): BuildClient {
  return {
    image: async (request) => {
      const { auths = new Map(), secrets = new Map(), agents = new Map(), signal, onProgress } = request;
      const answer = await transport.open("POST", "/build", {
        query: queryOf(request),
        headers: {
          "content-type": "application/x-tar",
          ...(auths.size === 0 ? {} : { "x-registry-config": encodeRegistryConfig(auths) }),
          ...(secrets.size === 0 ? {} : { [secretsHeader]: encodeSecrets(secrets) }),
          ...(agents.size === 0 ? {} : { [agentsHeader]: encodeAgents(agents) }),
        },
        bodyStream: request.context,
        ...(signal === undefined ? {} : { signal }),
      });
      let id: string | undefined;
      const transcript = createBuildTranscript();
      const read = readProgress(answer, (line) => {
        const told = idOf(line);
        if (told !== undefined && (id === undefined || told.startsWith("sha256:"))) id = told;
        transcript.add(line);
        onProgress?.(line);
      });
      await read.catch((error: unknown) => {
        throw transcript.explain(error);
      });
      if (id !== undefined) return id;
      throw new RuncibleError("api-error", "build image: the daemon ended its answer without an image");
    },
  };
}

function queryOf(
  request: BuildImageRequest,
): Readonly<Record<string, string | boolean | readonly string[] | undefined>> {
  const { dockerfile, tags, buildArgs, labels, target, platform, noCache, pull, network, extraHosts } = request;
  return {
    version: "1",
    dockerfile,
    t: tags,
    buildargs: buildArgs === undefined ? undefined : JSON.stringify(buildArgs),
    labels: labels === undefined ? undefined : JSON.stringify(labels),
    target,
    platform,
    nocache: noCache,
    pull,
    networkmode: network,
    extrahosts: extraHosts?.length ? JSON.stringify(extraHosts) : undefined,
    shmsize: request.shmSizeBytes?.toString(),
    ...request.parameters,
  };
}

/** Podman tells no id but in its last words, as Docker's old clients expect them. */
function idOf({ aux, stream }: ProgressLine): string | undefined {
  if (typeof aux === "object" && aux !== null && "ID" in aux && typeof aux.ID === "string") return aux.ID;
  return stream === undefined ? undefined : /^Successfully built ([0-9a-f]+)/.exec(stream)?.[1];
}
