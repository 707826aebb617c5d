import type { ImageSummary } from "../../wire/image";
import type { Command } from "../command";
import { columns, formatAge, formatSize } from "../table";

export const imagesCommand: Command = {
  name: "images",
  summary: "List images",
  usage: "[OPTIONS]",
  flags: [{ name: "quiet", short: "q", type: "boolean", description: "Only show image IDs" }],
  arguments: { min: 0, max: 0 },
  run: async ({ connect, out }, { flags }) => {
    const client = await connect();
    const images = await client.images.list();
    const lines =
      flags["quiet"] === true
        ? images.map(shortId)
        : columns([["NAME", "IMAGE ID", "CREATED", "SIZE"], ...images.flatMap((image) => rowsOf(image, Date.now()))]);
    out(lines.map((line) => `${line}\n`).join(""));
    return 0;
  },
};

function rowsOf(image: ImageSummary, nowMs: number): string[][] {
  const names = image.RepoTags.length === 0 ? ["<none>"] : image.RepoTags;
  return names.map((name) => [name, shortId(image), formatAge(image.Created * 1000, nowMs), formatSize(image.Size)]);
}

function shortId({ Id }: ImageSummary): string {
  return Id.replace(/^sha256:/, "").slice(0, 12);
}
