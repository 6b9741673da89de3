// Compiles a BFF before and after a change of an upstream, and compares the reports with an account of its uses.
import { clone } from "@bufbuild/protobuf";
import { type CodeGeneratorRequest, type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { compile } from "../../../../plugin/src/compile.ts";
import type { Diagnostic } from "../../../../plugin/src/diagnostic/diagnostic.ts";
import { type Edit, type Random, randomEdit } from "./edits.ts";

export interface Subject {
  readonly request: CodeGeneratorRequest;
  /** Names of the upstream's files, which change. */
  readonly upstream: ReadonlySet<string>;
  readonly texts: Readonly<Record<string, string>>;
  /** Full names of used elements. */
  readonly used: ReadonlySet<string>;
}

/** Reports of a compiler about a change. */
export interface Observation {
  readonly edit: Edit;
  readonly isUsed: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** True if the lock is rewritten. */
  readonly writes: boolean;
  /** All files after the change. */
  readonly files: readonly FileDescriptorProto[];
}

const DRIFT = /^BFF9[12]\d$/;
const isDrift = ({ code, severity }: Diagnostic): boolean => DRIFT.test(code) && severity === "error";

/** The lock before the change. @throws if the BFF has errors */
export function lockOf({ request, texts }: Subject): string {
  const { lock, diagnostics } = compile(request, (file) => texts[file], { text: undefined, ci: false });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0)
    throw new Error(errors.map(({ code, message, at }) => `${at.file}:${at.line} ${code} ${message}`).join("\n"));
  return lock ?? "";
}

/** Makes a change; undefined: this change is not possible. */
export function observe(
  { request, upstream, texts, used }: Subject,
  lock: string,
  random: Random,
): Observation | undefined {
  const protoFile = request.protoFile.map((file) => (upstream.has(file.name) ? copied(file) : file));
  const edit = randomEdit(
    protoFile.filter(({ name }) => upstream.has(name)),
    random,
  );
  if (edit === undefined) return undefined;
  edit.apply();
  const found = compile({ ...request, protoFile }, (file) => texts[file], { text: lock, ci: false });
  const isUsed = edit.concerns.some((name) => used.has(name));
  return { edit, isUsed, diagnostics: found.diagnostics, writes: found.lock !== undefined, files: protoFile };
}

/** Holds the reports against the account. Returns undefined if they are right. */
export function faultOf({ edit, isUsed, diagnostics, writes }: Observation): string | undefined {
  const drifts = diagnostics.filter(isDrift);
  const reported = drifts.map(({ code, message }) => `${code} ${message}`).join("; ");
  if (!isUsed) return drifts.length === 0 ? undefined : `unused, yet reported: ${reported}`;
  const isNamed = drifts.some(({ message }) => edit.concerns.some((name) => message.includes(`"${name}"`)));
  if (!isNamed) return `used, yet not reported${reported === "" ? "" : `, but ${reported}`}`;
  if (drifts.some(({ related }) => !related?.length)) return `without the upstream's place: ${reported}`;
  // The errors that follow from the change are explained by it.
  const others = diagnostics.filter((diagnostic) => diagnostic.severity === "error" && !isDrift(diagnostic));
  if (others.length > 0) return `a second error: ${others.map(({ code, message }) => `${code} ${message}`).join("; ")}`;
  return writes ? "the lock is rewritten" : undefined;
}

/** Places of elements are no longer known after a change. */
function copied(file: FileDescriptorProto): FileDescriptorProto {
  const copy = clone(FileDescriptorProtoSchema, file);
  delete copy.sourceCodeInfo;
  return copy;
}
