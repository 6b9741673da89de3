import { analyze } from "../../../../plugin/src/compile.ts";
import { requestFor } from "../../../../test/support/request.ts";
import { fileOf, Program, type SourceFile } from "../program/program.ts";

/** Returns the program of these protos; URIs are `file:///` and the name. */
export function programOf(
  protos: Readonly<Record<string, string>>,
  imported: Readonly<Record<string, string>> = {},
  before?: Program,
): Program {
  const request = requestFor({ ...imported, ...protos }, Object.keys(protos));
  const texts: Readonly<Record<string, string>> = { ...imported, ...protos };
  const files = new Map<string, SourceFile>();
  const fileNamed = (name: string): SourceFile | undefined => {
    const text = texts[name];
    const file = files.get(name) ?? (text === undefined ? undefined : fileOf(name, `file:///${name}`, text));
    if (file !== undefined) files.set(name, file);
    return file;
  };
  return new Program(
    analyze(request, (name) => texts[name]),
    fileNamed,
    before,
  );
}

/** Returns a text without its cursor marks `|`, and their offsets. */
export function marked(text: string): { readonly text: string; readonly offsets: readonly number[] } {
  const parts = text.split("¦");
  const offsets = parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join("").length);
  return { text: parts.join(""), offsets };
}
