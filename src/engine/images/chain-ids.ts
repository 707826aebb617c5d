import { type Digest, digestOf } from "../../runtime/image/digest";

/**
 * Layers are called by their chain: a layer's own diff id and all below it (OCI image specification, "Layer ChainID").
 */
export function chainIdsOf(diffIds: readonly Digest[]): readonly Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}

/** The layers that go with an image, topmost first: those that no other root has. */
export function chainsFreed(diffIds: readonly Digest[], others: readonly (readonly Digest[])[]): readonly Digest[] {
  const kept = new Set(others.flatMap(chainIdsOf));
  return chainIdsOf(diffIds)
    .filter((chainId) => !kept.has(chainId))
    .reverse();
}
