// Removes fields from the generated code of a client, and compiles the client without them.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import * as wkt from "@bufbuild/protobuf/wkt";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ts } from "ts-morph";
import { type Answers, reachable } from "../../../../cli/src/clients/answers.ts";
import { programsOf } from "../../../../cli/src/clients/program.ts";

/** Returns the answers of all services in the generated code of a client. */
export function answersIn(config: string): Answers {
  const protos = new Map<string, FileDescriptorProto>();
  for (const program of programsOf(ts, config, "/"))
    for (const { text, fileName } of program.getSourceFiles()) {
      const source = /_pb\.d\.ts$/.test(fileName) ? readFileSync(fileName.replace(/\.d\.ts$/, ".js"), "utf8") : text;
      for (const [, encoded = ""] of source.matchAll(/fileDesc\("([A-Za-z0-9+/=]+)"/g)) {
        const proto = fromBinary(FileDescriptorProtoSchema, base64Decode(encoded));
        // The generated code leaves out the imports, but lists them behind.
        protos.set(proto.name, proto);
      }
    }
  return answersFrom([...protos.values()]);
}

function answersFrom(protos: readonly FileDescriptorProto[]): Answers {
  const known = Object.values(wkt).flatMap((value) =>
    typeof value === "object" && value !== null && "kind" in value && value.kind === "file" && "proto" in value
      ? [value.proto as FileDescriptorProto]
      : [],
  );
  const all = [...known, ...protos.filter(({ name }) => !known.some((each) => each.name === name))];
  // Embedded files lack their imports, so each file may refer to every other one.
  const names = new Map<string, FileDescriptorProto>();
  for (const file of all)
    for (const name of typesOf(file)) names.set(`.${file.package === "" ? "" : `${file.package}.`}${name}`, file);
  for (const file of all) {
    const text = JSON.stringify(file, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    const needed = new Set(
      [...names].filter(([name, from]) => from !== file && text.includes(`"${name}"`)).map(([, from]) => from.name),
    );
    file.dependency = [...needed];
  }
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: ordered(all) }));
  const messages = new Map();
  const byPath = new Map<string, string[]>();
  for (const type of registry)
    if (type.kind === "service") {
      byPath.set(
        `${type.typeName}/`,
        type.methods.map(({ output }) => output.typeName),
      );
      for (const { output } of type.methods)
        for (const message of reachable(output)) messages.set(message.typeName, message);
    }
  return { messages, byPath };
}

/** Sorts files behind their imports. */
function ordered(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const found = new Set<FileDescriptorProto>();
  const add = (file: FileDescriptorProto | undefined): void => {
    if (file === undefined || found.has(file)) return;
    for (const name of file.dependency) add(files.find((each) => each.name === name));
    found.add(file);
  };
  for (const file of files) add(file);
  return [...found];
}

function typesOf(file: FileDescriptorProto): string[] {
  const nested = (message: FileDescriptorProto["messageType"][number], path: string): string[] => [
    `${path}${message.name}`,
    ...message.enumType.map(({ name }) => `${path}${message.name}.${name}`),
    ...message.nestedType.flatMap((each) => nested(each, `${path}${message.name}.`)),
  ];
  return [...file.messageType.flatMap((message) => nested(message, "")), ...file.enumType.map(({ name }) => name)];
}

/** A field as `web.v1.Card.rating`. */
export type Removed = ReadonlySet<string>;

/** Returns the errors of the client's cut files without the fields. */
export function errorsWithout(config: string, removed: Removed): readonly string[] {
  return programsOf(ts, config, "/").flatMap((program) => {
    const edited = new Map<string, string>();
    for (const file of program.getSourceFiles()) {
      const text = withoutFields(file, removed);
      if (text !== undefined) edited.set(file.fileName, text);
    }
    const options = program.getCompilerOptions();
    const host = ts.createCompilerHost(options);
    const libraries = program.getSourceFiles().find((file) => program.isSourceFileDefaultLibrary(file))?.fileName ?? "";
    host.getDefaultLibLocation = () => dirname(libraries);
    host.getDefaultLibFileName = () => `${dirname(libraries)}/${ts.getDefaultLibFileName(options)}`;
    const kept = new Map(program.getSourceFiles().map((file) => [file.fileName, file]));
    host.getSourceFile = (name, version) => {
      const text = edited.get(name);
      if (text !== undefined) return ts.createSourceFile(name, text, version);
      const same = kept.get(name);
      if (same !== undefined) return same;
      const read = ts.sys.readFile(name);
      return read === undefined ? undefined : ts.createSourceFile(name, read, version);
    };
    const next = ts.createProgram({ rootNames: program.getRootFileNames(), options, host });
    return next.getSourceFiles().flatMap((file) => {
      if (
        edited.has(file.fileName) ||
        next.isSourceFileFromExternalLibrary(file) ||
        next.isSourceFileDefaultLibrary(file)
      )
        return [];
      return next.getSemanticDiagnostics(file).map(({ start = 0, messageText }) => {
        const { line } = file.getLineAndCharacterOfPosition(start);
        return `${file.fileName}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ").slice(0, 200)}`;
      });
    });
  });
}

/** Returns the text without the fields; undefined: it has none of them. */
function withoutFields(file: ts.SourceFile, removed: Removed): string | undefined {
  const cuts: ts.Node[] = [];
  for (const statement of file.statements) {
    if (!ts.isTypeAliasDeclaration(statement) || !ts.isIntersectionTypeNode(statement.type)) continue;
    const [, message] = /Message<"([^"]+)">/.exec(statement.type.getText(file)) ?? [];
    const visit = (node: ts.Node): void => {
      if (ts.isPropertySignature(node)) {
        const [, name] = /@generated from field: [^=]*?(\w+) = \d+/.exec(node.getFullText(file)) ?? [];
        const cut = ts.isTypeLiteralNode(node.parent) && ts.isUnionTypeNode(node.parent.parent) ? node.parent : node;
        const isOneof = /@generated from oneof/.test(node.getFullText(file).slice(0, node.getStart(file) - node.pos));
        if (!isOneof && name !== undefined && removed.has(`${message}.${name}`)) return void cuts.push(cut);
      }
      ts.forEachChild(node, visit);
    };
    visit(statement);
  }
  if (cuts.length === 0) return undefined;
  let text = file.text;
  for (const each of cuts.reverse())
    text = `${text.slice(0, each.pos)}${ts.isTypeLiteralNode(each) ? " never" : ""}${text.slice(each.end)}`;
  return text;
}
