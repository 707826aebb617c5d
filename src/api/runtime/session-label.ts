import { LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import type { Runtime } from "./runtime";

/** By which something goes when this process ends. */
export async function sessionLabel({ session }: Pick<Runtime, "session">): Promise<Readonly<Record<string, string>>> {
  return { [LABEL_TESTCONTAINERS_SESSION_ID]: (await session()).id };
}
