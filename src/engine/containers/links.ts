import { RuncibleError } from "../../internal/errors";
import type { ContainerSpec, ExtraHost } from "../routes/container-spec";
import type { ContainerRecord } from "../state/container-record";
import type { ContainerContext } from "./context";

/** Docker's older way to a name: `container:alias`, or the container's own name. */
function parseLink(text: string): { readonly container: string; readonly alias: string } {
  const [container = "", alias] = text.replace(/^\//, "").split(":", 2);
  return { container, alias: alias?.replace(/^.*\//, "") || container };
}

/** Throws `invalid-argument`: of a create, the docker CLI takes every 404 for a missing image. */
export function checkLinks(context: ContainerContext, { endpoints }: ContainerSpec): void {
  for (const link of endpoints.flatMap(({ links }) => links)) {
    const { container } = parseLink(link);
    context.index.find(
      container,
      () =>
        new RuncibleError(
          "invalid-argument",
          `could not get container for ${container}: No such container: ${container}`,
        ),
    );
  }
}

/**
 * What /etc/hosts says of linked containers. On a network of the user's, where containers find each other by name
 * anyway, one that does not run is left out. Throws `container-not-running` on the default bridge.
 */
export function linkedHosts(context: ContainerContext, record: ContainerRecord): readonly ExtraHost[] {
  return record.endpoints.flatMap(({ network, links }) => {
    const networkId = context.networks.tryFind(network)?.id;
    return links.flatMap((link) => {
      const { container, alias } = parseLink(link);
      const target = context.index.named(container) ?? context.index.get(container);
      const endpoint = target?.run?.sandbox?.endpoints.find((joined) => joined.networkId === networkId);
      if (endpoint !== undefined) return [{ host: alias, address: endpoint.ipv4Address }];
      if (network !== "bridge") return [];
      throw new RuncibleError(
        "container-not-running",
        `Cannot link to a non running container: /${container} AS /${record.name}/${alias}`,
      );
    });
  });
}
