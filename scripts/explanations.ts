// Reads the contents of docs/diagnostics.md, the source of `protobff explain`: for each code the sentence of the
// tables, and an example from a golden.
import { CODES } from "../plugin/src/codes/codes.ts";
import { CODES as driftCodes } from "../plugin/src/lock/codes.ts";
import { goldenCases, printedOf, textsIn } from "../test/support/golden.ts";
import { difference, type MarkedLine, shortened } from "./excerpt-lines.ts";

const goldens = () => ["diagnostics", "diagnostics-lock"].flatMap(goldenCases);

/** A code with its severity, its meaning and the sections of its example. */
export interface Explanation {
  readonly code: string;
  readonly severity: "error" | "warning";
  /** A full sentence. */
  readonly meaning: string;
  /** A section of an example: the faulty protos, the printed diagnostic, or the corrected protos. */
  readonly sections: readonly Section[];
}

interface Section {
  readonly title: string;
  /** Language of the text, as a Markdown code block names it. */
  readonly language: string;
  readonly text: string;
}

/** A case of test/golden that shows a diagnostic. Protos by name → text. */
interface Example {
  readonly protos: Readonly<Record<string, string>>;
  /** Only for drift: the protos that the lock was written from, and the upstream now. */
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  /** Corrected protos, for those that change. */
  readonly right: Readonly<Record<string, string>>;
  readonly printed: string;
}

/** All codes in order; one without a golden has no sections. */
export function explanations(): readonly Explanation[] {
  const sentences = [...CODES];
  sentences.sort(([a], [b]) => (a < b ? -1 : 1));
  const examples = examplesByCode();
  return sentences.map(([code, meaning]) => {
    const example = examples.get(code);
    const severity = example?.printed.includes(`: warning ${code}: `) ? "warning" : "error";
    return { code, severity, meaning, sections: example === undefined ? [] : sectionsOf(code, example) };
  });
}

/** Returns the diagnostics that the goldens show: each code with its message, without names and numbers. */
export function conditions(): readonly string[] {
  const heads = goldens().flatMap((golden) => [
    ...printedOf(golden).matchAll(/^\S[^\n]*:\d+:\d+: (?:error|warning) (BFF\d{3}: .*)$/gm),
  ]);
  return [...new Set(heads.map(([, head = ""]) => withoutNames(head)))].sort();
}

function withoutNames(head: string): string {
  return head
    .replace(/(?<=^BFF\d{3}: .*)("(?:[^"\\]|\\.)*"|`[^`]*`)/g, "…")
    .replace(/\b(list|map|wrapper|optional)\([^)]*\)+/g, "…")
    .replace(/\b[\w]+(?:\.[\w]+)+\b|\b[A-Z]{2,}(?:_[A-Z]+)*\b/g, "…")
    .replace(/\b(u?int(32|64)?|sint(32|64)|string|bool|bytes|double|float|fixed(32|64))\b/g, "…")
    .replace(/(?<!BFF)\b\d[\d.]*(ms|s)?\b/g, "…")
    .replace(/ → \w+/g, "")
    .replace(/\b(an?) …/g, "…")
    .replace(/…((,| and) …)+/g, "…");
}

function sectionsOf(code: string, example: Example): readonly Section[] {
  const { protos, before, after, right, printed } = example;
  const diagnostic: Section = { title: "Diagnostic", language: "text", text: printed.trim() };
  const places = placesIn(printed);
  const upstream = Object.keys({ ...before, ...after }).flatMap((name) => {
    const old = before[name];
    const now = after[name] ?? protos[name];
    if (old === undefined || now === undefined || old === now) return [];
    return [{ title: `${name} has changed`, language: "diff", text: changed(difference(old, now)) }];
  });
  const wrong = Object.entries(protos).flatMap(([name, text]) => {
    const lines = difference(text, right[name] ?? text).filter(({ mark }) => mark !== "+");
    return shown("Wrong", name, lines, protos, places.get(name));
  });
  return [...upstream, ...(upstream.length > 0 ? [] : wrong), diagnostic, ...rightOf(code, example, places)];
}

/** The codes of drift that the BFF has to follow; others are accepted into the lock, after what has to follow. */
export const FOLLOWED = ["BFF569", "BFF911", "BFF912"];

/** Reports whether a code of drift is a change of an upstream, which `lock_mode=update` accepts or the BFF follows. */
export const isChange = (code: string): boolean => Number(code.slice(3)) > 910 && code !== "BFF924";

function rightOf(code: string, { protos, right }: Example, places: Places): readonly Section[] {
  const follow = Object.keys(right).flatMap((name) => {
    const text = protos[name] ?? "";
    const lines = difference(text, right[name] ?? text);
    const lineNumbers = new Set<number>();
    let old = 0;
    const kept: MarkedLine[] = [];
    for (const line of lines) {
      if (line.mark !== "+") old++;
      if (line.mark === "-") continue;
      kept.push(line);
      if (line.mark === " " && places.get(name)?.has(old)) lineNumbers.add(kept.length);
    }
    return shown("Right", name, kept, right, lineNumbers);
  });
  if (!(code in driftCodes) || FOLLOWED.includes(code)) return follow;
  const commands = isChange(code)
    ? ["# once, with `opt: lock_mode=update` in buf.gen.yaml; then commit bff.lock.json", "buf generate"]
    : [
        ...(code === "BFF903" ? ["rm bff.lock.json"] : []),
        "# without CI=true; then commit bff.lock.json",
        "buf generate",
      ];
  return [...follow, { title: follow.length > 0 ? "And then" : "Right", language: "sh", text: commands.join("\n") }];
}

/** Shows one file of an example; the title names the file if the example has several. */
function shown(
  title: string,
  name: string,
  lines: readonly MarkedLine[],
  all: object,
  places: ReadonlySet<number> = new Set(),
): readonly Section[] {
  const text = shortened(
    lines.map(({ text }) => text),
    (i) => lines[i]?.mark !== " " || places.has(i + 1),
  );
  if (text.length === 0) return [];
  const head = Object.keys(all).length > 1 ? [`// ${name}`] : [];
  return [{ title, language: "proto", text: [...head, ...text].join("\n") }];
}

function changed(lines: readonly MarkedLine[]): string {
  const text = shortened(
    lines.map(({ mark, text }) => `${mark}${text}`),
    (i) => lines[i]?.mark !== " ",
  );
  return text.join("\n");
}

/** File → lines, counted from 1, that a diagnostic names. */
type Places = ReadonlyMap<string, ReadonlySet<number>>;

function placesIn(printed: string): Places {
  const found = new Map<string, Set<number>>();
  for (const [, file = "", line] of printed.matchAll(/^ *(\S+):(\d+):\d+: /gm)) {
    const lines = found.get(file) ?? new Set();
    found.set(file, lines.add(Number(line)));
  }
  return found;
}

/** For each code the golden that has a right example beside it, else its first. */
function examplesByCode(): ReadonlyMap<string, Example> {
  const found = new Map<string, Example>();
  for (const golden of goldens()) {
    const code = /^(BFF\d{3})-/.exec(golden.name)?.[1];
    if (code === undefined) continue;
    const known = found.get(code);
    const right = textsIn(golden, "right");
    if (known !== undefined && (Object.keys(right).length === 0 || Object.keys(known.right).length > 0)) continue;
    const before = textsIn(golden, "before");
    const after = textsIn(golden, "after");
    found.set(code, { protos: golden.protos, before, after, right, printed: printedOf(golden) });
  }
  return found;
}
