import type { EngineClient } from "../../../src/client/client";
import { readOutput } from "../../../src/client/output";
import type { ContainerCreateBody } from "../../../src/wire/container-create";
import { busyboxImage } from "../api/busybox-image";

/** A container to break out of. */
export interface Cell extends AsyncDisposable {
  readonly id: string;
  /** Runs a shell script in it as root; the exit code does not matter. */
  sh(script: string): Promise<string>;
}

export async function openCell(client: EngineClient, body: Partial<ContainerCreateBody> = {}): Promise<Cell> {
  const { Id: id } = await client.containers.create({
    ...{ Image: await busyboxImage(), Cmd: ["sh", "-c", "exec sleep 1000"] },
    ...body,
  });
  const remove = (): Promise<void> => client.containers.remove(id, { force: true, volumes: true });
  try {
    await client.containers.start(id);
  } catch (error) {
    await remove();
    throw error;
  }
  return { id, sh: (script) => execIn(client, id, { Cmd: ["sh", "-c", script] }), [Symbol.asyncDispose]: remove };
}

/** All that it writes. */
export async function execIn(
  client: EngineClient,
  id: string,
  body: { readonly Cmd: readonly string[]; readonly WorkingDir?: string; readonly User?: string },
): Promise<string> {
  const { Id } = await client.exec.create(id, { ...body, Cmd: [...body.Cmd], AttachStdout: true, AttachStderr: true });
  let text = "";
  for await (const { payload } of readOutput(await client.exec.start(Id))) text += payload.toString("latin1");
  return text;
}
