// The compiler's diagnostics as a check plugin's findings.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import {
  CodeGeneratorRequestSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { type CommittedLock, compile, type Diagnostic, inOrder, type Sources } from "protoc-gen-bff/compiler";
import type { AnnotationSchema } from "../gen/buf/plugin/check/v1/annotation_pb.ts";
import {
  type CheckRequest,
  type CheckResponse,
  CheckResponseSchema,
} from "../gen/buf/plugin/check/v1/check_service_pb.ts";
import { RULES, ruleOf } from "./rules.ts";

/**
 * The project around the checked files. buf gives a plugin the files of one module, and an editor gives one file with
 * its imports.
 */
export interface CheckedProject {
  /** All files that generating sees. */
  readonly files: readonly FileDescriptorProto[];
  /** Names of those that are there only because others import them. */
  readonly imports: ReadonlySet<string>;
  /** The plugin's options, as in `opt:`. */
  readonly parameter: string;
  /** The texts of `files`. */
  readonly sources: Sources;
  readonly lock?: CommittedLock | undefined;
}

/**
 * Returns the diagnostics that `buf generate` would report for the request's files. These files replace the project's
 * where they differ, because an editor may have unsaved changes. In a file that differs from its text on disk, a place
 * is that of a whole option.
 */
export function check(request: CheckRequest, project: CheckedProject): CheckResponse {
  const ruleIds = new Set(request.ruleIds.length > 0 ? request.ruleIds : DEFAULTS);
  const inputs = inputFiles(request);
  const projectFiles = new Map(project.files.map((file) => [file.name, file]));
  const files = inImportOrder(
    new Map([...projectFiles, ...[...inputs].map(([name, { file }]) => [name, file] as const)]),
  );
  const generated = files.filter(
    ({ name }) => !(projectFiles.has(name) ? project.imports.has(name) : inputs.get(name)?.isImport),
  );
  const isStale = (name: string): boolean => {
    const newer = inputs.get(name);
    const known = projectFiles.get(name);
    return newer !== undefined && known !== undefined && !sameText(newer.file, known);
  };
  const { diagnostics, response } = compile(
    create(CodeGeneratorRequestSchema, {
      parameter: project.parameter,
      protoFile: files,
      sourceFileDescriptors: files,
      fileToGenerate: generated.map(({ name }) => name),
    }),
    Object.assign((name: string) => (isStale(name) ? undefined : project.sources(name)), {
      path: (name: string) => project.sources.path?.(name) ?? name,
    }),
    project.lock,
  );
  const found = inOrder(diagnostics)
    .filter(({ at }) => inputs.get(at.file)?.isImport === false)
    .map((diagnostic) => annotationOf(diagnostic, project.sources, inputs.get(diagnostic.at.file)?.file));
  // This is a fault of the plugin's options, not of a file.
  const idle = diagnostics.length === 0 && response.error !== "" ? [{ ruleId: OPTIONS, message: response.error }] : [];
  return create(CheckResponseSchema, {
    annotations: [...idle, ...found].filter(({ ruleId = "" }) => ruleIds.has(ruleId)),
  });
}

const DEFAULTS = RULES.filter((rule) => rule.default).map(({ id }) => id);
const OPTIONS = ruleOf({ code: "BFF1", severity: "error" });

interface InputFile {
  readonly file: FileDescriptorProto;
  readonly isImport: boolean;
}

/** Returns the files of the request and their imports, by name. */
function inputFiles({ fileDescriptors }: CheckRequest): ReadonlyMap<string, InputFile> {
  const all = fileDescriptors.flatMap(({ fileDescriptorProto: file, isImport }) =>
    file === undefined ? [] : [[file.name, { file, isImport }] as const],
  );
  return new Map(all);
}

type Annotation = MessageInitShape<typeof AnnotationSchema>;

/**
 * Returns buf's annotation for a diagnostic. The text contains the code and the place, because buf has only groups of
 * rules and places of whole options.
 */
function annotationOf(diagnostic: Diagnostic, sources: Sources, file: FileDescriptorProto | undefined): Annotation {
  const { at, code, message, related = [], hint } = diagnostic;
  const also = related.map((other) => {
    const path = sources.path?.(other.at.file) ?? other.at.file;
    return ` (${path}:${other.at.line}:${other.at.column}: ${other.message})`;
  });
  const todo = hint === undefined ? "" : `; hint: ${hint}`;
  return {
    ruleId: ruleOf(diagnostic),
    message: `${at.line}:${at.column}: ${code}: ${message}${also.join("")}${todo}`.replace(/\p{Cc}+/gu, " "),
    fileLocation: { fileName: at.file, sourcePath: file === undefined ? [] : [...pathAround(file, at)] },
  };
}

/** Each file behind those that it imports, as a CodeGeneratorRequest has them. */
function inImportOrder(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const placed = new Set<string>();
  const order: FileDescriptorProto[] = [];
  const open = [...files.keys()].reverse();
  for (let name = open.at(-1); name !== undefined; name = open.at(-1)) {
    const file = files.get(name);
    const missing = placed.has(name)
      ? []
      : (file?.dependency ?? []).filter((path) => files.has(path) && !placed.has(path));
    if (missing.length > 0) {
      open.push(...missing);
      continue;
    }
    open.pop();
    if (file !== undefined && !placed.has(name)) order.push(file);
    placed.add(name);
  }
  return order;
}

// Place of a finding for buf, which takes no line and column, only the path of an entry in SourceCodeInfo.

/** Position in a file; lines and columns count from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** The path of the innermost element or option around a position; empty: the file as a whole. */
function pathAround({ sourceCodeInfo }: FileDescriptorProto, at: Position): readonly number[] {
  let best: { readonly path: readonly number[]; readonly span: Span } | undefined;
  for (const { path, span: numbers } of sourceCodeInfo?.location ?? []) {
    const span = spanOf(numbers);
    // buf takes the first of several with one path.
    if (path.length === 0 || !contains(span, at) || (best !== undefined && !within(span, best.span))) continue;
    if (best !== undefined && within(best.span, span) && path.length <= best.path.length) continue;
    best = { path, span };
  }
  return best?.path ?? [];
}

interface Span {
  readonly from: Position;
  /** Exclusive. */
  readonly to: Position;
}

/** Returns the span of three or four numbers that count from 0. */
function spanOf([line = 0, column = 0, ...end]: readonly number[]): Span {
  const [endLine = line, endColumn = 0] = end.length > 1 ? end : [line, end[0]];
  return { from: { line: line + 1, column: column + 1 }, to: { line: endLine + 1, column: endColumn + 1 } };
}

const before = (a: Position, b: Position): boolean => a.line < b.line || (a.line === b.line && a.column <= b.column);
const contains = ({ from, to }: Span, at: Position): boolean => before(from, at) && before(at, to);
const within = (inner: Span, outer: Span): boolean => before(outer.from, inner.from) && before(inner.to, outer.to);

// Compares the source texts of two descriptors.

/**
 * Returns true if both files have the same elements and options at the same places. Only comments and the space between
 * tokens may differ.
 */
export function sameText(left: FileDescriptorProto, right: FileDescriptorProto): boolean {
  // Unknown fields hold buf's own notes about a file in an image, which are no part of its text.
  const bytes = (file: FileDescriptorProto) => toBinary(FileDescriptorProtoSchema, { ...file, $unknown: [] });
  if (left === right) return true;
  const [a, b] = [bytes(left), bytes(right)];
  if (a.length !== b.length) return false;
  return Buffer.compare(a, b) === 0 || fieldsInOrder(a) === fieldsInOrder(b);
}

/**
 * Returns a message as text, with its fields ordered by number, because buf writes the fields of an option in any
 * order. Field types are unknown here, so bytes that parse as a message count as a message, on both sides.
 */
function fieldsInOrder(bytes: Uint8Array): string {
  const fields = fieldsOf(bytes);
  if (fields === undefined) return Buffer.from(bytes).toString("latin1");
  const sorted = fields.sort((a, b) => a.no - b.no);
  return `{${sorted.map(({ no, value }) => `${no}:${typeof value === "string" ? value : fieldsInOrder(value)}`).join(",")}}`;
}

interface Field {
  readonly no: number;
  readonly value: string | Uint8Array;
}

/** Undefined: these bytes are no message. */
function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const reader = new BinaryReader(bytes);
  const fields: Field[] = [];
  try {
    while (reader.pos < reader.len) {
      const [no, type] = reader.tag();
      if (type === WireType.LengthDelimited) fields.push({ no, value: reader.bytes() });
      else fields.push({ no, value: Buffer.from(reader.skip(type, no)).toString("hex") });
    }
  } catch {
    return undefined;
  }
  return reader.pos === reader.len ? fields : undefined;
}
