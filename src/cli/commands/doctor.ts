import { systemPath } from "../../client/engine-environment";
import { ownIdMaps } from "../../client/id-maps";
import { stateFolderOf } from "../../internal/state-folder";
import type { Command } from "../command";
import { examine } from "../doctor/examine";
import { canRun, type Finding, type Way } from "../doctor/finding";
import { columns } from "../table";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "Check whether this machine can run containers, and tell the command that mends what it lacks",
  usage: "[OPTIONS]",
  flags: [{ name: "json", type: "boolean", description: "Print the findings as JSON" }],
  arguments: { min: 0, max: 0 },
  run: async ({ env, out }, { flags }) => {
    const uid = process.getuid?.() ?? -1;
    const way: Way = (await ownIdMaps()) === undefined ? "root" : "user";
    const machine = { way, uid, stateFolder: stateFolderOf(env, uid), path: systemPath(env["PATH"]), env };
    const findings = await examine(machine);
    const isFine = canRun(findings, machine);
    if (flags["json"] === true) out(`${JSON.stringify(findings, null, 2)}\n`);
    else out(`${report(findings).join("\n")}\n\n${verdict(isFine, uid, way)}\n`);
    return isFine ? 0 : 1;
  },
};

function report(findings: readonly Finding[]): readonly string[] {
  const rows = findings.map(({ state, name, ways, detail }) => [state, name, neededBy(ways), detail]);
  const lines = columns([["STATE", "REQUIREMENT", "NEEDED BY", "DETAIL"], ...rows]);
  return lines.flatMap((line, index) => {
    const finding = findings[index - 1];
    if (finding?.remedy === undefined) return [line];
    return [line, `           for ${finding.why}`, `           ${finding.remedy}`];
  });
}

function neededBy(ways: Finding["ways"]): string {
  if (ways.length > 1) return "all";
  return ways.includes("root") ? "root" : "users";
}

function verdict(isFine: boolean, uid: number, way: Way): string {
  const root = way === "root" ? "root" : "root, in a user namespace as it may not mount here";
  const who = uid === 0 ? root : "this user";
  return isFine ? `Containers can run as ${who}.` : `Containers cannot run as ${who}: mend what is missing.`;
}
