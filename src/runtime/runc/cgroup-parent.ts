import { ownUserNamespace } from "../../internal/user-namespace";

/**
 * Where the cgroups of an engine's containers belong. Root's are at the top; an ordinary user has none to give
 * (undefined), and its containers run without limits.
 */
export async function findCgroupParent(engineId: string): Promise<string | undefined> {
  return ownUserNamespace().isInitial ? `/runcible-${engineId}` : undefined;
}
