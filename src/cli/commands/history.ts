import type { ImageHistoryEntry } from "../../wire/image";
import type { Command } from "../command";
import { columns, formatAge, formatSize } from "../table";

export const historyCommand: Command = {
  name: "history",
  summary: "Show the steps by which an image was made",
  usage: "[OPTIONS] IMAGE",
  flags: [{ name: "no-trunc", type: "boolean", description: "Show whole commands" }],
  arguments: { min: 1, max: 1 },
  run: async ({ connect, out }, { flags, arguments: [image = ""] }) => {
    const client = await connect();
    const entries = await client.images.history(image);
    const rows = entries.map((entry) => rowOf(entry, flags["no-trunc"] === true));
    const lines = columns([["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"], ...rows]);
    out(lines.map((line) => `${line}\n`).join(""));
    return 0;
  },
};

const commandWidth = 45;

function rowOf({ Id, Created, CreatedBy, Size, Comment }: ImageHistoryEntry, isWhole: boolean): string[] {
  const id = Id.replace(/^sha256:/, "");
  const command = CreatedBy.replace(/\s+/g, " ");
  const isLong = !isWhole && command.length > commandWidth;
  return [
    isWhole ? id : id.slice(0, 12),
    formatAge(Created * 1000, Date.now()),
    isLong ? `${command.slice(0, commandWidth - 1)}…` : command,
    formatSize(Size),
    Comment,
  ];
}
