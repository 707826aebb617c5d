import { describeEndpoint } from "../../client/endpoint";
import type { Command } from "../command";
import { columns, formatSize } from "../table";

export const infoCommand: Command = {
  name: "info",
  summary: "Show the engine that tests would use",
  usage: "[OPTIONS]",
  flags: [{ name: "json", type: "boolean", description: "Print the engine's whole answer as JSON" }],
  arguments: { min: 0, max: 0 },
  run: async ({ connect, out }, { flags }) => {
    const client = await connect();
    const [info, runcible] = await Promise.all([client.system.info(), client.system.runcibleInfo()]);
    if (flags["json"] === true) {
      out(`${JSON.stringify(info, null, 2)}\n`);
      return 0;
    }
    const rows = [
      ["Engine:", runcible === undefined ? "another daemon" : `runcible, process ${runcible.Pid}`],
      ["Version:", info.ServerVersion],
      ["Endpoint:", describeEndpoint(client.endpoint)],
      ["Machine:", `${info.Name}, ${info.NCPU} CPUs, ${formatSize(info.MemTotal)}`],
      ["System:", `${info.OperatingSystem} (${info.Architecture})`],
      ["Roots by:", info.Driver ?? ""],
      ...(info.DriverStatus ?? []).map(([label = "", text = ""]) => [`  ${label}:`, text]),
      ...(info.Warnings ?? []).map((warning) => ["Warning:", warning]),
    ];
    out(`${columns(rows).join("\n")}\n`);
    return 0;
  },
};
