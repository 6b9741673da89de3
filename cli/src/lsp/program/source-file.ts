import { TextDocument } from "vscode-languageserver-textdocument";
import { type Parsed, parseProto } from "../syntax/parse.ts";

/** A .proto file with its text and its tree. */
export interface SourceFile {
  /** Name in the descriptors, as "web/v1/web.proto". */
  readonly name: string;
  readonly document: TextDocument;
  readonly parsed: Parsed;
}

export function sourceFile(name: string, document: TextDocument): SourceFile {
  return { name, document, parsed: parseProto(document.getText()) };
}

export function fileOf(name: string, uri: string, text: string): SourceFile {
  return sourceFile(name, TextDocument.create(uri, "proto", 0, text));
}
