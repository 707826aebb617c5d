import type { SavedImage } from "./saved-image";

/** The layers of the steps that wrote something. */
export function written({ layers }: SavedImage): readonly (readonly string[])[] {
  // The mode of a whiteout says nothing: Docker writes 0600, containerd and this engine 0.
  const plain = (line: string): string => line.replace(/^-0\d+ 0:0 (\S*\.wh\.)/, "-0000 0:0 $1");
  return layers.filter((entries) => entries.length > 0).map((entries) => entries.map(plain));
}

/** Without what says nothing, and what the classic builder notes of its own containers. */
export function configOf({ config }: SavedImage): Readonly<Record<string, unknown>> {
  const says = (value: unknown): boolean =>
    ![null, false, ""].includes(value as null) && JSON.stringify(value) !== "[]";
  const { Image, ArgsEscaped, ...facts } = config;
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => says(value)));
}

/** BuildKit in Docker leaves in the layer of every RUN that it mounted files of its own in /etc. */
export function withoutMountTrace(entries: readonly string[]): readonly string[] {
  const isOfFile = entries.some((line) => / etc\/\S/.test(line));
  return isOfFile ? entries : entries.filter((line) => line !== "d0755 0:0 etc/");
}
