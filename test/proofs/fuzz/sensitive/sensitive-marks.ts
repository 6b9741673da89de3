// Random marks `debug_redact` in the protos of a case, and further marks by the hints of the compiler.
import { clone, create, type DescField, type DescMessage } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  type DescriptorProto,
  FieldOptionsSchema,
  FieldDescriptorProto_Type as FieldType,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type { Diagnostic } from "../../../../plugin/src/diagnostic/diagnostic.ts";
import type { Ir } from "../../../../plugin/src/ir/ir.ts";
import { readIr } from "../../../../plugin/src/read/read-ir.ts";
import { pick, seeded } from "../../../bffs/second/random-message.ts";
import { schemaOf } from "../../../support/request.ts";

/** `up.v1.Item.note` */
type Marks = Set<string>;

/** Rounds in which fields that receive sensitive values are marked, too. */
const ROUNDS = 4;
/** Batches find their items by these fields, so a marked one is no longer the same in both worlds. */
const KEYS = /^up\.v1\.(Item\.id$|BatchGetItems|MapItems)/;
const TEXTS: readonly FieldType[] = [FieldType.STRING, FieldType.MESSAGE];

/** Returns the request of a case with marks. @param diagnose returns the diagnostics of a request */
export function marked(
  request: CodeGeneratorRequest,
  seed: string,
  diagnose: (request: CodeGeneratorRequest) => readonly Diagnostic[],
): CodeGeneratorRequest {
  const random = seeded("marks", seed);
  const share = pick(random, [0.02, 0.05, 0.15]);
  const marks: Marks = new Set(candidates(request).filter(() => random() < share));
  for (let round = 0; round < ROUNDS; round++) {
    const so = withMarks(request, marks);
    const before = marks.size;
    for (const name of receivers(so, diagnose(so))) if (random() < 0.9) marks.add(name);
    if (marks.size === before) break;
  }
  return withMarks(request, marks);
}

/** Fields of requests and of upstreams that contain texts. */
function candidates({ protoFile }: CodeGeneratorRequest): readonly string[] {
  return protoFile
    .filter(({ package: name }) => /^(up\.v1|f\d+\.(own|app)\.v1)$/.test(name))
    .flatMap(({ package: name, messageType }) =>
      messageType
        .filter((message) => !name.endsWith(".app.v1") || message.name.endsWith("Request"))
        .flatMap((message) =>
          message.field
            .filter(({ type }) => TEXTS.includes(type))
            .map((field) => `${name}.${message.name}.${field.name}`),
        ),
    )
    .filter((name) => !KEYS.test(name));
}

/** Returns the fields that receive sensitive values without a mark. */
function receivers(request: CodeGeneratorRequest, diagnostics: readonly Diagnostic[]): readonly string[] {
  const of = new Map<string, DescField>();
  for (const { field, at } of clientFields(irOf(request))) of.set(JSON.stringify(at), field);
  return diagnostics
    .flatMap(({ code, at, hint = "" }) => {
      if (code === "BFF582") return of.get(JSON.stringify(at)) ?? [];
      const [, field, type] = /mark "(\w+)" of "([\w.]+)" with/.exec(code === "BFF583" ? hint : "") ?? [];
      return field === undefined ? [] : `${type}.${field}`;
    })
    .map((found) => (typeof found === "string" ? found : `${found.parent.typeName}.${found.name}`))
    .filter((name) => !KEYS.test(name));
}

/** Returns the fields of the BFF, with the places of their diagnostics. */
export function clientFields(ir: Ir): readonly { readonly field: DescField; readonly at: unknown }[] {
  return ir.files
    .flatMap(({ messages }) => messages)
    .flatMap(({ fields }) => fields)
    .flatMap(({ desc: field, at, by }) => [{ field, at }, ...(by === undefined ? [] : [{ field, at: by.at }])]);
}

const irOf = (request: CodeGeneratorRequest): Ir =>
  readIr(
    schemaOf(request),
    () => undefined,
    () => {},
  );

function withMarks(request: CodeGeneratorRequest, marks: Marks): CodeGeneratorRequest {
  const prefixes = new Set([...marks].map((name) => name.split(".").slice(0, -2).join(".")));
  const files = new Map(
    request.protoFile.map((file) => {
      if (!prefixes.has(file.package)) return [file, file];
      const copy = clone(FileDescriptorProtoSchema, file);
      for (const message of copy.messageType) mark(message, `${file.package}.${message.name}`, marks);
      return [file, copy];
    }),
  );
  const all = (some: CodeGeneratorRequest["protoFile"]) => some.map((file) => files.get(file) ?? file);
  return {
    ...request,
    protoFile: all(request.protoFile),
    sourceFileDescriptors: all(request.sourceFileDescriptors),
  };
}

function mark(message: DescriptorProto, name: string, marks: Marks): void {
  for (const field of message.field) {
    if (!marks.has(`${name}.${field.name}`)) continue;
    field.options ??= create(FieldOptionsSchema);
    field.options.debugRedact = true;
  }
}

/** Returns true if a message contains a mark. */
export function hasMark(desc: DescMessage): boolean {
  const seen = new Set([desc]);
  for (const { fields } of seen)
    for (const { proto, message } of fields) {
      if (proto.options?.debugRedact === true) return true;
      if (message !== undefined) seen.add(message);
    }
  return false;
}
