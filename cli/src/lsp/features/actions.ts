// Quick fixes: the corrections that hints of diagnostics contain literally.
import type { CodeAction, Diagnostic, TextEdit } from "vscode-languageserver";
import type { Program } from "../program/program.ts";
import type { SourceFile } from "../program/source-file.ts";
import { cursorAt, elementsAt } from "../syntax/cursor.ts";

/** The text of a diagnostic's place, with the file around it. */
interface Site {
  readonly file: SourceFile;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** An edit of a site: a stretch of the file and its new text. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Hints with a literal correction. A function returns undefined if the place does not fit. */
const FIXES: readonly (readonly [hint: RegExp, fix: (site: Site, ...parts: string[]) => Change | undefined])[] = [
  [/^did you mean "([^"]+)"\?$/, (site, text = "") => replaced(site, text)],
  [/^write "([^"]+)"$/, (site, text = "") => replaced(site, text)],
  [/^choose another name, as in "([^"]+)"$/, (site, text = "") => replaced(site, text)],
  [/^write (\w+)\(…\) around it$/, (site, name = "") => around(site, `${name}(`, ")")],
  [/^convert it: (\w+)\(…\)$/, (site, name = "") => around(site, `${name}(`, ")")],
  [/^write \[ … \] around it\b/, (site) => around(site, "[", "]")],
  [/^add (\[\(bff\.v1\.field\)\.\w+ = "[^"]*"\])/, (site, option = "") => withOption(site, option)],
  [/^add `(supplementary: true)` to this step\b/, (site, text = "") => inStep(site, text)],
];

/** Returns the corrections of diagnostics that this server has published. */
export function actions(_program: Program, file: SourceFile, diagnostics: readonly Diagnostic[]): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const hint: unknown = diagnostic.data?.hint;
    const change = typeof hint === "string" ? changeOf(hint, siteOf(file, diagnostic)) : undefined;
    if (change === undefined) return [];
    const edit = { changes: { [file.document.uri]: [editOf(file, change)] } };
    return [{ title: String(hint), kind: "quickfix", diagnostics: [diagnostic], isPreferred: true, edit }];
  });
}

function changeOf(hint: string, site: Site): Change | undefined {
  for (const [pattern, fix] of FIXES) {
    const [, ...parts] = pattern.exec(hint) ?? [""];
    if (pattern.test(hint)) return fix(site, ...parts);
  }
  return undefined;
}

function siteOf(file: SourceFile, { range }: Diagnostic): Site {
  const { document } = file;
  const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  return { file, from, to, text: document.getText(range) };
}

function editOf({ document }: SourceFile, { from, to, text }: Change): TextEdit {
  return { range: { start: document.positionAt(from), end: document.positionAt(to) }, newText: text };
}

/** Replaces the text of the place; quotes around it stay. */
function replaced({ from, to, text }: Site, by: string): Change | undefined {
  const quote = /^(["'])[^"'\\]*\1$/.exec(text)?.[1];
  if (quote !== undefined) return { from: from + 1, to: to - 1, text: by };
  return /^[^"'\\]+$/.test(text) ? { from, to, text: by } : undefined;
}

/** Writes texts before and behind the expression of the place. */
function around({ from, to, text }: Site, before: string, behind: string): Change | undefined {
  const quoted = /^(["'])([^\\]*)\1$/.exec(text);
  if (quoted === null) return /["\\]/.test(text) ? undefined : { from, to, text: `${before}${text}${behind}` };
  return { from: from + 1, to: to - 1, text: `${before}${quoted[2]}${behind}` };
}

/** Adds an option in brackets to the field at the place. */
function withOption({ file, from }: Site, option: string): Change | undefined {
  const element = elementsAt(file.parsed, from).at(-1);
  if (element?.kind !== "field") return undefined;
  const declared = file.document.getText().slice(element.from, element.to);
  const end = element.from + declared.replace(/;$/, "").trimEnd().length;
  if (element.options.length > 0) return { from: end - 1, to: end - 1, text: `, ${option.slice(1, -1)}` };
  return { from: end, to: end, text: ` ${option}` };
}

/** Adds a key to the step around the place, behind its name. */
function inStep({ file, from }: Site, text: string): Change | undefined {
  const steps = cursorAt(file.parsed, from + 1)?.path ?? [];
  const position = steps.findLastIndex(({ key }) => key === "let");
  const step = steps[position + 1]?.around;
  const name = step?.fields.find(({ key }) => key.text === "name")?.value;
  return name === undefined || position === -1 ? undefined : { from: name.to, to: name.to, text: ` ${text}` };
}
