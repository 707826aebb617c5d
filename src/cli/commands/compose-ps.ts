import { label } from "../../compose/plan/labels";
import type { ContainerSummary, PortSummary } from "../../wire/container";
import type { Command } from "../command";
import { wordFlag } from "../flag-values";
import { columns, formatAge } from "../table";
import type { ProjectLoader } from "./compose";

export function composePs({ find }: ProjectLoader): Command {
  return {
    name: "ps",
    summary: "List containers",
    usage: "[OPTIONS] [SERVICE...]",
    flags: [
      { name: "all", short: "a", type: "boolean", description: "Show stopped containers too" },
      { name: "quiet", short: "q", type: "boolean", description: "Only show container IDs" },
      { name: "services", type: "boolean", description: "Only show names of services" },
      { name: "format", type: "string", description: "Output: table or json" },
    ],
    arguments: { min: 0, max: Number.POSITIVE_INFINITY },
    run: async (context, { flags, arguments: services }) => {
      const format = wordFlag(flags, "format", ["table", "json"]) ?? "table";
      const { name } = await find(context);
      const client = await context.connect();
      const filters = new Map([["label", [`${label.project}=${name}`, `${label.oneOff}=False`]]]);
      const found = await client.containers.list({ all: flags["all"] === true, filters });
      const containers = found
        .filter((container) => services.length === 0 || services.includes(serviceOf(container)))
        .toSorted((left, right) => nameOf(left).localeCompare(nameOf(right)));
      const lines = linesOf(containers, flags["quiet"] === true, flags["services"] === true, format);
      context.out(lines.map((line) => `${line}\n`).join(""));
      return 0;
    },
  };
}

function linesOf(
  containers: readonly ContainerSummary[],
  isQuiet: boolean,
  isServices: boolean,
  format: "table" | "json",
): readonly string[] {
  if (isQuiet) return containers.map(({ Id }) => Id);
  if (isServices) return [...new Set(containers.map(serviceOf))];
  if (format === "json") return containers.map((container) => JSON.stringify(jsonOf(container)));
  const heads = ["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"];
  return columns([heads, ...containers.map((container) => rowOf(container, Date.now()))]);
}

function rowOf(container: ContainerSummary, nowMs: number): readonly string[] {
  const { Image, Command: command, Created, Status, Ports } = container;
  const shown = command.length > 20 ? `${command.slice(0, 19)}…` : command;
  return [
    nameOf(container),
    Image,
    `"${shown}"`,
    serviceOf(container),
    formatAge(Created * 1000, nowMs),
    Status,
    Ports.map(portText).join(", "),
  ];
}

/** The keys of docker compose that scripts read. */
function jsonOf(container: ContainerSummary): object {
  const { Id, Image, Command: command, State, Status, Labels, Ports } = container;
  return {
    ID: Id,
    Name: nameOf(container),
    Image,
    Command: command,
    Project: Labels[label.project] ?? "",
    Service: serviceOf(container),
    State,
    Status,
    Health: /\((healthy|unhealthy|starting)|health: (starting)\)/.exec(Status)?.slice(1).find(Boolean) ?? "",
    ExitCode: Number(/^Exited \((\d+)\)/.exec(Status)?.[1] ?? 0),
    Publishers: Ports.map(({ IP = "", PrivatePort, PublicPort = 0, Type }) => ({
      URL: IP,
      TargetPort: PrivatePort,
      PublishedPort: PublicPort,
      Protocol: Type,
    })),
  };
}

function portText({ IP, PublicPort, PrivatePort, Type }: PortSummary): string {
  return PublicPort === undefined ? `${PrivatePort}/${Type}` : `${IP}:${PublicPort}->${PrivatePort}/${Type}`;
}

function nameOf({ Names }: ContainerSummary): string {
  return Names[0]?.replace(/^\//, "") ?? "";
}

function serviceOf({ Labels }: ContainerSummary): string {
  return Labels[label.service] ?? "";
}
