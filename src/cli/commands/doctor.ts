import { stateFolderOf } from "../../internal/state-folder";
import type { Command } from "../command";
import { examine } from "../doctor/examine";
import { columns } from "../table";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "Check whether this machine can run containers, and tell the command that mends what it lacks",
  usage: "[OPTIONS]",
  flags: [{ name: "json", type: "boolean", description: "Print the findings as JSON" }],
  arguments: { min: 0, max: 0 },
  run: async ({ env, out }, { flags }) => {
    const uid = process.getuid?.() ?? -1;
    const findings = await examine({ uid, stateFolder: stateFolderOf(env, uid) });
    if (flags["json"] === true) {
      out(`${JSON.stringify(findings, null, 2)}\n`);
    } else {
      const rows = findings.map(({ state, name, detail, remedy }) => [
        state,
        name,
        remedy === undefined ? detail : `${detail}; ${remedy}`,
      ]);
      out(`${columns(rows).join("\n")}\n`);
    }
    return findings.every(({ state }) => state !== "missing") ? 0 : 1;
  },
};
