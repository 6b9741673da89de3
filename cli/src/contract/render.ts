// Findings for people, and for GitHub's annotations.
import { escaped, property } from "../workflow-command.ts";
import type { Finding } from "./finding.ts";
import type { Replayed } from "./replay.ts";

export type Format = "text" | "github";

/** Result for one contract, printed below a separate heading. */
interface ContractReport {
  /** Its file, as given. */
  readonly path: string;
  readonly consumer: string;
  readonly services: readonly string[];
  readonly findings: readonly Finding[];
}

export function renderReport({ path, consumer, services, findings }: ContractReport, format: Format): string {
  const breaks = findings.filter(({ severity }) => severity === "break");
  const notes = findings.filter(({ severity }) => severity === "note");
  const counted = [count(breaks.length, "break"), count(notes.length, "note")].filter((part) => part !== "").join(", ");
  const head = `${path}: ${consumer} uses ${services.join(", ")}: ${counted === "" ? "nothing that it uses has changed" : counted}\n`;
  const all = [...breaks, ...notes].map((finding) =>
    format === "github" ? annotated(finding, consumer) : textOf(finding),
  );
  return [head, ...all].join(format === "github" ? "" : "\n");
}

const count = (of: number, what: string): string => (of === 0 ? "" : `${of} ${what}${of === 1 ? "" : "s"}`);

function textOf({ severity, code, message, uses, instead, at }: Finding): string {
  const { file, line, column } = at ?? { file: undefined };
  const place = file === undefined ? "" : `${[file, line, column].filter((part) => part !== undefined).join(":")}: `;
  return [
    `${place}${severity} ${code}: ${message}`,
    ...uses.map((use) => `    ${use}`),
    ...(instead === undefined ? [] : [`  instead: ${instead}`]),
    "",
  ].join("\n");
}

/** One line; a workflow command of GitHub Actions. Paths are those of the image. */
function annotated({ severity, code, message, uses, instead, at }: Finding, consumer: string): string {
  const place =
    at === undefined
      ? ""
      : `file=${property(at.file)}${at.line === undefined ? "" : `,line=${at.line},col=${at.column}`},`;
  const text = [`${consumer}: ${message}`, ...uses, ...(instead === undefined ? [] : [`instead: ${instead}`])].join(
    "\n",
  );
  return `::${severity === "break" ? "error" : "notice"} ${place}title=${code}::${escaped(text)}\n`;
}

/** Examples that were sent, printed above their results. */
interface ReplayHead {
  /** Their file, as given. */
  readonly path: string;
  readonly consumer: string;
  readonly url: string;
  /** Default: "answered as recorded". */
  readonly success?: string;
}

/** Renders the results of replaying the examples of one file. */
export function renderReplayed(
  { path, consumer, url, success = "answered as recorded" }: ReplayHead,
  replayed: readonly Replayed[],
  format: Format,
): string {
  const sent = replayed.filter(({ skipped }) => skipped === undefined);
  const wrong = sent.filter(({ faults }) => faults.length > 0);
  const answered = `${sent.length - wrong.length} of ${count(sent.length, "example") || "no examples"} ${success}`;
  const unsent = replayed.length - sent.length;
  const head = `${path}: ${url}: ${answered}${unsent === 0 ? "" : `, ${unsent} not sent`}\n`;
  const lines = replayed.flatMap(({ index, method, faults, skipped }) => {
    const example = `example ${index}, ${method}`;
    if (skipped !== undefined) return [`note: ${example}: ${skipped}\n`];
    if (faults.length === 0) return [];
    // A server's text must not start a line of this output.
    const messages = faults.map((fault) => fault.replace(/\p{Cc}/gu, " "));
    return format === "github"
      ? [`::error title=replay::${escaped([`${consumer}: ${example}`, ...messages].join("\n"))}\n`]
      : [`break: ${example}\n${messages.map((message) => `    ${message}\n`).join("")}`];
  });
  return [head, ...lines].join("");
}
