import type { ContainerSummary } from "../../wire/container";
import type { Command } from "../command";
import { columns } from "../table";

export const psCommand: Command = {
  name: "ps",
  summary: "List containers",
  usage: "[OPTIONS]",
  flags: [
    { name: "all", short: "a", type: "boolean", description: "Show all containers (default shows just running)" },
    { name: "quiet", short: "q", type: "boolean", description: "Only display container IDs" },
  ],
  arguments: { min: 0, max: 0 },
  run: async ({ connect, out }, { flags }) => {
    const client = await connect();
    const containers = await client.containers.list({ all: flags["all"] === true });
    const lines =
      flags["quiet"] === true
        ? containers.map(({ Id }) => Id.slice(0, 12))
        : columns([["CONTAINER ID", "IMAGE", "STATUS", "PORTS", "NAMES"], ...containers.map(rowOf)]);
    out(lines.map((line) => `${line}\n`).join(""));
    return 0;
  },
};

function rowOf({ Id, Image, Status, Ports, Names }: ContainerSummary): string[] {
  const ports = Ports.map(({ IP, PublicPort, PrivatePort, Type }) =>
    PublicPort === undefined ? `${PrivatePort}/${Type}` : `${IP}:${PublicPort}->${PrivatePort}/${Type}`,
  );
  return [Id.slice(0, 12), Image, Status, ports.join(", "), Names.map((name) => name.replace(/^\//, "")).join(",")];
}
