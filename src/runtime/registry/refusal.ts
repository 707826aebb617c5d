import { RuncibleError } from "../../internal/errors";
import { familiarName, type ImageReference } from "../image/reference";
import { readSmall } from "./answer-body";
import type { HttpResponse } from "./http";

const bodyLimit = 4 * 1024 * 1024;

/** The body of a manifest or an error: at most 4 MiB. Throws `registry-error` when it is larger. */
export async function smallBody(
  response: HttpResponse,
  reference: ImageReference,
  verb: "pull" | "push" = "pull",
): Promise<Buffer> {
  const message = `${verb} ${familiarName(reference)}: the answer is larger than 4 MiB`;
  return await readSmall(response.body, bodyLimit, () => new RuncibleError("registry-error", message));
}

/**
 * What a refused request means, in Docker's words, by which other clients judge. Some registries say "denied" for what
 * does not exist, so that is no matter of credentials unless they are plain user name and password.
 */
export function refusalOf(
  reference: ImageReference,
  { statusCode, headers }: HttpResponse,
  body: Buffer,
): RuncibleError {
  const said = saidIn(body);
  const isBasic = /^\s*basic/i.test(String(headers["www-authenticate"] ?? ""));
  if (statusCode === 401 && isBasic) {
    return new RuncibleError(
      "registry-unauthorized",
      `pull ${familiarName(reference)}: unauthorized: ${said || "authentication required"}; log in to ${reference.domain}`,
    );
  }
  if (statusCode === 401 || statusCode === 403) {
    return new RuncibleError(
      "image-exists-nowhere",
      `pull access denied for ${nameOf(reference)}, repository does not exist or may require 'docker login': denied: ${said || "requested access to the resource is denied"}`,
    );
  }
  if (statusCode === 404) {
    return new RuncibleError(
      "image-exists-nowhere",
      `manifest for ${familiarName(reference)} not found: manifest unknown: ${said || "manifest unknown"}`,
    );
  }
  return new RuncibleError(
    "registry-error",
    `pull ${familiarName(reference)}: the registry answers with status ${statusCode}${said === "" ? "" : `: ${said}`}`,
  );
}

function nameOf({ domain, path }: ImageReference): string {
  return familiarName({ domain, path });
}

/** What a registry says to a refused push. */
export function pushRefusalOf(reference: ImageReference, { statusCode }: HttpResponse, body: Buffer): RuncibleError {
  const said = saidIn(body);
  const because = said === "" ? "" : `: ${said}`;
  if (statusCode === 401) {
    const text = said || "authentication required";
    return new RuncibleError(
      "registry-unauthorized",
      `push ${familiarName(reference)}: unauthorized: ${text}; log in to ${reference.domain}`,
    );
  }
  if (statusCode === 403) {
    return new RuncibleError(
      "registry-unauthorized",
      `push ${familiarName(reference)}: denied: ${said || "requested access to the resource is denied"}`,
    );
  }
  return new RuncibleError(
    "registry-error",
    `push ${familiarName(reference)}: the registry answers with status ${statusCode}${because}`,
  );
}

/** OCI distribution specification, "Error Codes". */
function saidIn(body: Buffer): string {
  try {
    const { errors } = JSON.parse(body.toString("utf8")) as { errors?: readonly { message?: unknown }[] };
    return String(errors?.[0]?.message ?? "").slice(0, 500);
  } catch {
    return "";
  }
}
