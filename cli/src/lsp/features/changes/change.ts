import type { Registry } from "@bufbuild/protobuf";
import type { Stretch } from "protoc-gen-bff/internal/language";
import type { SourceFile } from "../../program/program.ts";

/** The text of a diagnostic's place, with the file around it. */
export interface Site extends Stretch {
  readonly file: SourceFile;
  readonly registry: Registry;
  readonly text: string;
}

/** An edit of a file: a stretch and its new text. */
export interface Change extends Stretch {
  readonly text: string;
}

/** Replaces the text of the place; quotes around it stay. The place may be the last part of a name. */
export function replaced({ file, from, to, text }: Site, by: string): Change | undefined {
  const quote = /^(["'])[^"'\\]*\1$/.exec(text)?.[1];
  if (quote !== undefined) return by.includes(quote) ? undefined : { from: from + 1, to: to - 1, text: by };
  if (!/^[^"\\]+$/.test(text)) return undefined;
  const [before = ""] = /[\w./]*$/.exec(file.document.getText().slice(0, from)) ?? [];
  return { from: by.startsWith(before) ? from - before.length : from, to, text: by };
}

/** Writes texts before and behind the expression of the place. */
export function around({ from, to, text }: Site, before: string, behind: string): Change | undefined {
  const quoted = /^(["'])([^\\]*)\1$/.exec(text);
  if (quoted === null) return /["\\]/.test(text) ? undefined : { from, to, text: `${before}${text}${behind}` };
  return { from: from + 1, to: to - 1, text: `${before}${quoted[2]}${behind}` };
}
