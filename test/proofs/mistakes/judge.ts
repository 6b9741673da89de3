// Distance of diagnostics from the edit that causes them.
import type { Diagnostic, Origin } from "../../../plugin/src/diagnostic/diagnostic.ts";
import type { Case } from "./cases.ts";
import type { Site } from "./sites.ts";

interface Lines {
  readonly from: number;
  readonly to: number;
}

/** Diagnostics of an edit that are not at the edited place. */
export interface Far {
  /** Those that neither stand around the edited place nor name the edited thing. */
  readonly elsewhere: readonly Diagnostic[];
  /** Errors that do not name the edited value, beside one at the edited value. */
  readonly consequences: readonly Diagnostic[];
}

export function farFrom({ edit, base, file, protos }: Case, diagnostics: readonly Diagnostic[]): Far {
  const before = base.protos[file] ?? "";
  const edited = edit.changes.map(({ from, to }) => linesAt(before, from, to));
  const around = edit.sites.flatMap(({ around, element }) => {
    const home = around.at(-1)?.value ?? element;
    return [home, ...(element.kind === "file" ? [] : [element])].map(({ from, to }) => linesAt(before, from, to));
  });
  const isIn = (lines: readonly Lines[], place: Origin): boolean =>
    place.file === file && lines.some(({ from, to }) => from <= place.endLine && place.line <= to);
  const changed = edit.changes.flatMap(({ from, to, text }) => [before.slice(from, to), text]).join(" ");
  const values = wordsOf(changed);
  const names = [...values, ...edit.sites.flatMap((site) => namesAround(before, site))];
  const mentions = (diagnostic: Diagnostic, all: readonly string[]): boolean =>
    [diagnostic, ...(diagnostic.related ?? [])].some(({ at, message }) => {
      const lines = (protos[at.file] ?? "").split("\n").slice(at.line - 1, at.endLine);
      return wordsOf([message, ...lines].join(" ")).some((word) => all.includes(word));
    });
  // The option itself, and those in its value.
  const inside = [...changed.matchAll(/(\w+):/g)].flatMap(([, name = ""]) => name);
  const options = [...edit.sites.map(({ desc }) => desc.name), ...inside];
  const pointsAt = (diagnostic: Diagnostic, lines: readonly Lines[]): boolean =>
    [diagnostic, ...(diagnostic.related ?? [])].some(({ at }) => isIn(lines, at)) ||
    options.some((option) => isQuoted(option, diagnostic));
  const elsewhere = diagnostics.filter(
    (diagnostic) => !pointsAt(diagnostic, [...edited, ...around]) && !mentions(diagnostic, names),
  );
  const isError = ({ severity }: Diagnostic): boolean => severity === "error";
  const far = diagnostics.filter((diagnostic) => !pointsAt(diagnostic, edited) && !mentions(diagnostic, values));
  const near = diagnostics.filter((diagnostic) => isError(diagnostic) && isIn(edited, diagnostic.at));
  return { elsewhere, consequences: near.length > 0 ? far : [] };
}

function linesAt(text: string, from: number, to: number): Lines {
  const line = (offset: number): number => text.slice(0, offset).split("\n").length;
  return { from: line(from), to: line(to) };
}

/** The names of the steps, entries and declarations around a site. */
function namesAround(text: string, { around, element }: Site): readonly string[] {
  const declared = around.flatMap(({ value }) =>
    value.fields.flatMap(({ key, value }) =>
      /^(name|var|message|method|service|subject)$/.test(key.text) && value ? [text.slice(value.from, value.to)] : [],
    ),
  );
  return wordsOf([...declared, element.name].join(" "));
}

/** Reports whether a diagnostic names an option in its code; one with a common name only at the beginning. */
const isQuoted = (option: string, { message, hint = "" }: Diagnostic): boolean =>
  [...`${message}\n${hint}`.matchAll(/`([^`]*)`/g)].some(([, code = ""]) =>
    COMMON.has(option) ? /^\w+/.exec(code)?.[0] === option : wordsOf(code).includes(option),
  );

/** Words of every option. */
const COMMON = new Set(
  ["option", "bff", "v1", "true", "false", "name", "by", "message", "field", "service", "rpc", "string"].concat([
    "optional",
    "repeated",
    "returns",
    "let",
    "call",
    "method",
    "args",
    "set",
    "app",
    "up",
  ]),
);
const wordsOf = (text: string): readonly string[] =>
  (text.match(/[A-Za-z_]\w+/g) ?? []).filter((word) => !COMMON.has(word));
