// A BFF as its author could have written it: with `defer` on every step that may have it, and beside each unary rpc one that streams the same.
import { clone, create, getExtension, hasExtension, setExtension } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type DescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  type MessageOptions,
  MethodDescriptorProtoSchema,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { message as MESSAGE, method as METHOD, MethodRuleSchema } from "@protobff/messages/options.js";
import { compile } from "../../../plugin/src/compile.ts";

/** Prefix of the rpc that streams another rpc's response. */
export const TWIN = "Late";
const STREAM = "bff/v1/stream.proto";

/** Several steps that may be deferred as few as there are; undefined: none, or no rpc can stream it. */
export function deferring(
  input: CodeGeneratorRequest,
  streamProto: FileDescriptorProto,
): { readonly request: CodeGeneratorRequest; readonly steps: number } | undefined {
  const request = withTwins(input, streamProto);
  if (request === undefined) return undefined;
  let steps = 0;
  for (const options of optionsOf(request)) {
    const { length } = getExtension(options, MESSAGE).let;
    // A dependent step follows its inputs, and must be deferred before them.
    for (let i = length - 1; i >= 0; i--) {
      defer(options, i, true);
      if (compiles(request)) steps++;
      else defer(options, i, false);
    }
  }
  dropIdle(request);
  return steps === 0 ? undefined : { request, steps };
}
/** Without the rpcs that would stream what comes at once. */
function dropIdle(request: CodeGeneratorRequest): void {
  for (const { service } of request.protoFile.filter(({ name }) => request.fileToGenerate.includes(name)))
    for (const descriptor of service)
      for (const method of descriptor.method.filter(({ name }) => name.startsWith(TWIN))) {
        const before = faults(request, true);
        if (before === 0) return;
        const all = descriptor.method;
        descriptor.method = all.filter((other) => other !== method);
        if (faults(request, true) >= before) descriptor.method = all;
      }
}
function defer(options: MessageOptions, step: number, is: boolean): void {
  const rule = getExtension(options, MESSAGE);
  const entry = rule.let[step];
  if (entry === undefined) return;
  if (is) entry.defer = true;
  else entry.defer = false;
  setExtension(options, MESSAGE, rule);
}
function optionsOf({ protoFile, fileToGenerate }: CodeGeneratorRequest): MessageOptions[] {
  const all = (messages: readonly DescriptorProto[]): MessageOptions[] =>
    messages.flatMap(({ options, nestedType }) => [
      ...(options !== undefined && hasExtension(options, MESSAGE) ? [options] : []),
      ...all(nestedType),
    ]);
  return protoFile.filter(({ name }) => fileToGenerate.includes(name)).flatMap(({ messageType }) => all(messageType));
}
/** Returns the number of errors; `idle`: also counts rpcs that stream a response without deferred steps. */
function faults(request: CodeGeneratorRequest, idle: boolean): number {
  // The compiler keeps the descriptors of a file, and this request changes its files.
  const { diagnostics } = compile(clone(CodeGeneratorRequestSchema, request), () => undefined);
  return diagnostics.filter(({ severity, code }) => severity === "error" && (idle || code !== "BFF131")).length;
}
const compiles = (request: CodeGeneratorRequest): boolean => faults(request, false) === 0;

/** With an rpc that streams beside each that may have one. */
function withTwins(input: CodeGeneratorRequest, streamProto: FileDescriptorProto): CodeGeneratorRequest | undefined {
  const request = clone(CodeGeneratorRequestSchema, input);
  request.parameter = "import_extension=ts,mock=true";
  request.sourceFileDescriptors = [];
  // Imported files precede the files that import them.
  request.protoFile = [streamProto, ...request.protoFile.filter(({ name }) => name !== STREAM)];
  let twins = 0;
  for (const file of request.protoFile) {
    if (!request.fileToGenerate.includes(file.name) || file.service.length === 0) continue;
    if (!file.dependency.includes(STREAM)) file.dependency.push(STREAM);
    const mark = file.messageType.map((message) => marked(message, file));
    for (const service of file.service)
      for (const method of [...service.method]) {
        if (method.clientStreaming || method.serverStreaming) continue;
        const idempotencyLevel = method.options?.idempotencyLevel;
        const options = create(MethodOptionsSchema, idempotencyLevel === undefined ? {} : { idempotencyLevel });
        if (method.options !== undefined && hasExtension(method.options, METHOD)) {
          const { response, permit } = getExtension(method.options, METHOD);
          setExtension(
            options,
            METHOD,
            create(MethodRuleSchema, { ...(response && { response }), ...(permit && { permit }) }),
          );
        }
        const twin = create(MethodDescriptorProtoSchema, {
          ...method,
          name: `${TWIN}${method.name}`,
          serverStreaming: true,
          options,
        });
        service.method.push(twin);
        if (compiles(request)) twins++;
        else service.method.pop();
      }
    for (const undo of mark) undo(service(file));
  }
  return twins === 0 || !compiles(request) ? undefined : request;
}
const service = (file: FileDescriptorProto): ReadonlySet<string> =>
  new Set(file.service.flatMap(({ method }) => method.map(({ outputType }) => outputType)));

/** A place for the names of parts, in messages that rpcs give. */
function marked(message: DescriptorProto, file: FileDescriptorProto): (outputs: ReadonlySet<string>) => void {
  const name = file.package === "" ? `.${message.name}` : `.${file.package}.${message.name}`;
  return (outputs) => {
    if (!outputs.has(name) || message.field.some(({ typeName }) => typeName === ".bff.v1.Part")) return;
    message.field.push(
      create(FieldDescriptorProtoSchema, {
        name: "late_parts",
        jsonName: "lateParts",
        number: 18_000,
        label: FieldDescriptorProto_Label.REPEATED,
        type: FieldDescriptorProto_Type.MESSAGE,
        typeName: ".bff.v1.Part",
      }),
    );
  };
}
