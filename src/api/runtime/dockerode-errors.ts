import type { EngineClient } from "../../client/client";
import { type ErrorCode, isRuncibleError, RuncibleError } from "../../internal/errors";

/** An error of a daemon as users of dockerode know it; the code is there as well. */
export interface DockerodeError extends RuncibleError {
  readonly statusCode: number;
  readonly reason: string | undefined;
  /** The daemon's answer. */
  readonly json: { readonly message: string };
}

/** dockerode's words for a status, which it has for each endpoint. */
const reasonsByCode: Readonly<Partial<Record<ErrorCode, string>>> = {
  "container-not-found": "no such container",
  "exec-not-found": "no such exec instance",
  "image-not-found": "no such image",
  "network-not-found": "no such network",
};
const reasonsByStatus: Readonly<Record<number, string>> = {
  304: "not modified",
  400: "bad parameter",
  404: "not found",
  409: "conflict",
  500: "server error",
};

/**
 * The same daemon, whose errors read `(HTTP code 404) no such container - …` and have `statusCode`, `reason` and
 * `json`: for those who call it by the low-level API, whose programs look for that (contract, section 1.4).
 */
export function withDockerodeErrors(engine: EngineClient): EngineClient {
  const { containers, images, networks, exec } = engine;
  return {
    ...engine,
    containers: rephrased(containers),
    images: rephrased(images),
    networks: rephrased(networks),
    exec: rephrased(exec),
  };
}

/** Pure. Errors that are no answer of a daemon stay as they are. */
export function dockerodeError(error: unknown): unknown {
  if (!isRuncibleError(error) || "statusCode" in error) return error;
  const { code, message, evidence } = error;
  const { status: statusCode } = evidence;
  if (typeof statusCode !== "number") return error;
  const reason = reasonsByCode[code] ?? reasonsByStatus[statusCode];
  const text = `(HTTP code ${statusCode}) ${reason ?? "unexpected"} - ${message} `;
  const json = { message };
  return Object.assign(new RuncibleError(code, text, { cause: error, evidence }), { statusCode, reason, json });
}

function rephrased<T extends object>(calls: T): T {
  return new Proxy(calls, {
    get: (target, key) => {
      const call: unknown = Reflect.get(target, key);
      if (typeof call !== "function") return call;
      return (...parameters: unknown[]): unknown => {
        const result: unknown = call.apply(target, parameters);
        return result instanceof Promise ? result.catch(rethrow) : result;
      };
    },
  });
}

function rethrow(error: unknown): never {
  throw dockerodeError(error);
}
