// The compiler's diagnostics as a check plugin's findings.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, type FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { type CommittedLock, compile, type Diagnostic, inOrder, type Sources } from "protoc-gen-bff/compiler";
import type { AnnotationSchema } from "../gen/buf/plugin/check/v1/annotation_pb.ts";
import {
  type CheckRequest,
  type CheckResponse,
  CheckResponseSchema,
} from "../gen/buf/plugin/check/v1/check_service_pb.ts";
import { pathAround } from "./place.ts";
import { RULES, ruleOf } from "./rules.ts";
import { sameText } from "./same-text.ts";

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
