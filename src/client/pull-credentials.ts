import type { RegistryAuth } from "../wire/registry-auth";
import type { ImagesClient } from "./images";
import { type CredentialSources, findAllCredentials, findCredentials } from "./registry-credentials";

/** What a pull needs to know of registries, to be spread into its request. */
export interface PullCredentials {
  /** For the registry that the name begins with. */
  readonly auth?: RegistryAuth;
  /** By host, for those that registries.conf puts in its place. */
  readonly auths?: ReadonlyMap<string, RegistryAuth>;
}

export interface ImageToPull {
  readonly name: string;
  /** That the name begins with; undefined: Docker Hub. */
  readonly registry: string | undefined;
}

/**
 * Credentials for whatever a pull may ask. Each registry gets what was stored for it, so a mirror never sees those of
 * the registry that it mirrors. Throws as `findCredentials`.
 */
export async function credentialsToPull(
  images: Pick<ImagesClient, "registriesOf">,
  { name, registry }: ImageToPull,
  sources: CredentialSources,
): Promise<PullCredentials> {
  const [auth, asked] = await Promise.all([findCredentials(registry, sources), images.registriesOf(name)]);
  const others = asked.filter((domain) => domain !== (registry ?? "docker.io"));
  const auths = await findAllCredentials(others, sources);
  return { ...(auth === undefined ? {} : { auth }), ...(auths.size === 0 ? {} : { auths }) };
}

/** As `credentialsToPull` for the base images of a build, in the form that a build wants. */
export async function credentialsToBuild(
  images: Pick<ImagesClient, "registriesOf">,
  bases: readonly ImageToPull[],
  sources: CredentialSources,
): Promise<ReadonlyMap<string, RegistryAuth>> {
  const asked = await Promise.all(bases.map(({ name }) => images.registriesOf(name)));
  return await findAllCredentials([...bases.map(({ registry }) => registry), ...asked.flat()], sources);
}
