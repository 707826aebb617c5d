import type { ImageReference } from "../image/reference";
import { isInsecurePush, type PullSource, planPull } from "./pull-sources";
import { createRulesReader } from "./registries-files";
import { createRegistryClient, type RegistryClient } from "./registry-client";
import { hostOf, type RegistrySettings } from "./settings";

/** Registries by the settings and by what registries.conf says now. */
export interface Registries {
  /** Where to look for an image, best first; the last is no mirror. Throws `registries-conf-invalid`. */
  sourcesOf(reference: ImageReference): Promise<readonly PullSource[]>;
  /** What speaks to a source. */
  clientFor(source: Pick<PullSource, "domain" | "isInsecure">): RegistryClient;
  /** What speaks to the registry that an image is to be pushed to. Throws as `sourcesOf`, and `registry-blocked`. */
  clientForPush(reference: ImageReference): Promise<RegistryClient>;
}

export function openRegistries(settings: RegistrySettings): Registries {
  const readRules = createRulesReader(settings.registriesConf);
  const careful = createRegistryClient(settings);
  /** A connection made without a look at the certificate must not serve who wants one. */
  const careless = new Map<string, RegistryClient>();

  const clientFor: Registries["clientFor"] = ({ domain, isInsecure }) => {
    if (!isInsecure) return careful;
    const host = hostOf(domain);
    const client = careless.get(host) ?? createRegistryClient({ ...settings, insecure: [...settings.insecure, host] });
    careless.set(host, client);
    return client;
  };

  return {
    sourcesOf: async (reference) => planPull(reference, { rules: await readRules(), hubMirrors: settings.mirrors }),
    clientFor,
    clientForPush: async (reference) =>
      clientFor({ domain: reference.domain, isInsecure: isInsecurePush(reference, await readRules()) }),
  };
}
