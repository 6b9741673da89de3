// The results of checks of origins: as text, as JSON, as commands of GitHub Actions, as JUnit.

import { type JunitCase, renderCases } from "../golden/junit.ts";
import { escaped, property } from "../workflow-command.ts";
import type { OriginCheck } from "./check-origin.ts";
import { SOURCE_LIST } from "./source-list.ts";

/** A checked origin, or the reason why it could not be read. */
export type Checked = OriginCheck | { readonly entry: { readonly name: string }; readonly problem: string };
export const FORMATS = ["text", "json", "github", "junit"] as const;
export type CheckFormat = (typeof FORMATS)[number];

const isProblem = (checked: Checked): checked is Extract<Checked, { problem: string }> => "problem" in checked;

/** @param all true: changes that the BFF does not use are listed, too */
export function renderChecks(checks: readonly Checked[], format: CheckFormat, all: boolean): string {
  switch (format) {
    case "text":
      return checks.map((checked) => `${textOf(checked, all)}\n`).join("");
    case "json":
      return `${JSON.stringify({ version: 1, origins: checks.map(jsonOf) }, null, 2)}\n`;
    case "github":
      return checks.flatMap(commandsOf).join("");
    case "junit":
      return renderCases("protobff upstream", SOURCE_LIST, checks.map(caseOf));
  }
}

function textOf(checked: Checked, all: boolean): string {
  const { name } = checked.entry;
  if (isProblem(checked)) return `${name}: ${checked.problem}`;
  const { state, breaks, changes, found } = checked;
  if (state === "same") return `${name}: unchanged`;
  const shown = changes.filter(({ used }) => all || used);
  const others = changes.length - shown.length;
  return [
    `${name}: ${STATES[state]} (${found.at.slice(0, 19)})`,
    ...breaks.map(({ text }) => indented(text)),
    ...shown.map(({ element, text, used }) => `  ${element} ${text}${all && !used ? " (not used)" : ""}`),
    ...(others > 0 ? [`  ${others} other ${others === 1 ? "change" : "changes"}, which this BFF does not use`] : []),
    ...(changes.length === 0 && breaks.length === 0 ? ["  comments or options alone"] : []),
  ].join("\n");
}
const STATES = { break: "breaks this BFF", compatible: "compatible changes" };
const indented = (text: string): string => text.replace(/^(?=.)/gm, "  ");

function jsonOf(checked: Checked) {
  const { name } = checked.entry;
  if (isProblem(checked)) return { name, state: "unreadable", problem: checked.problem };
  const { state, found, breaks, changes } = checked;
  return { name, state, at: found.at, breaks, changes };
}

function commandsOf(checked: Checked): readonly string[] {
  const command = (level: "error" | "notice", title: string, text: string): string =>
    `::${level} file=${property(SOURCE_LIST)},title=${property(title)}::${escaped(text)}\n`;
  const { name } = checked.entry;
  if (isProblem(checked)) return [command("error", `${name} cannot be read`, checked.problem)];
  const used = checked.changes.filter((change) => change.used);
  return [
    ...checked.breaks.map(({ code, text }) => command("error", `${name}: ${code ?? "does not build"}`, text)),
    ...used.map(({ element, text }) => command("notice", name, `${element} ${text}`)),
  ];
}

function caseOf(checked: Checked): JunitCase {
  const faults = isProblem(checked) ? [checked.problem] : checked.breaks.map(({ text }) => text);
  return { group: "upstream", name: checked.entry.name, faults, skipped: undefined, seconds: 0 };
}
