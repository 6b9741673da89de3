// The service of gRPC's interop clients (grpc.testing.TestService), as far as a BFF can serve it: unary rpcs, and one
// with a stream of answers.
import { create, createFileRegistry, type DescService, type Message } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

type FieldType = "int32" | "string" | "bytes" | "enum:PayloadType" | `message:${string}`;
const SCALARS = { int32: Type.INT32, string: Type.STRING, bytes: Type.BYTES };

/** @param fields `name: [number, type]`; a `+` behind the name makes it repeated */
function message(name: string, fields: Readonly<Record<string, readonly [number, FieldType]>>): DescriptorProto {
  const field = Object.entries(fields).map(([text, [number, type]]) => {
    const repeated = text.endsWith("+");
    const fieldName = text.replace("+", "");
    const jsonName = fieldName.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const named = { name: fieldName, jsonName, number, label: repeated ? Label.REPEATED : Label.OPTIONAL };
    if (type in SCALARS) return { ...named, type: SCALARS[type as keyof typeof SCALARS] };
    const [kind, of] = type.split(":");
    return { ...named, type: kind === "enum" ? Type.ENUM : Type.MESSAGE, typeName: `.grpc.testing.${of}` };
  });
  return create(DescriptorProtoSchema, { name, field });
}
const rpc = (name: string, input: string, output: string, serverStreaming = false) => ({
  name,
  inputType: `.grpc.testing.${input}`,
  outputType: `.grpc.testing.${output}`,
  serverStreaming,
});

const file = create(FileDescriptorProtoSchema, {
  name: "grpc/testing/test.proto",
  package: "grpc.testing",
  syntax: "proto3",
  enumType: [{ name: "PayloadType", value: [{ name: "COMPRESSABLE", number: 0 }] }],
  messageType: [
    message("Empty", {}),
    message("Payload", { type: [1, "enum:PayloadType"], body: [2, "bytes"] }),
    message("EchoStatus", { code: [1, "int32"], message: [2, "string"] }),
    message("SimpleRequest", {
      response_size: [2, "int32"],
      payload: [3, "message:Payload"],
      response_status: [7, "message:EchoStatus"],
    }),
    message("SimpleResponse", { payload: [1, "message:Payload"] }),
    message("ResponseParameters", { size: [1, "int32"], interval_us: [2, "int32"] }),
    message("StreamingOutputCallRequest", {
      "response_parameters+": [2, "message:ResponseParameters"],
      payload: [3, "message:Payload"],
      response_status: [7, "message:EchoStatus"],
    }),
    message("StreamingOutputCallResponse", { payload: [1, "message:Payload"] }),
  ],
  service: [
    {
      name: "TestService",
      method: [
        rpc("EmptyCall", "Empty", "Empty"),
        rpc("UnaryCall", "SimpleRequest", "SimpleResponse"),
        rpc("StreamingOutputCall", "StreamingOutputCallRequest", "StreamingOutputCallResponse", true),
      ],
    },
  ],
});

interface Payload {
  readonly body: Uint8Array;
}
export interface EchoStatus extends Message {
  readonly code: number;
  readonly message: string;
}
export interface SimpleRequest extends Message {
  readonly responseSize: number;
  readonly payload?: Payload;
  readonly responseStatus?: EchoStatus;
}
interface SimpleResponse extends Message {
  readonly payload?: Payload;
}
export interface StreamRequest extends Message {
  readonly responseParameters: readonly { readonly size: number; readonly intervalUs: number }[];
  readonly responseStatus?: EchoStatus;
}

const found: DescService | undefined = createFileRegistry(file, () => undefined).getService("grpc.testing.TestService");
if (found === undefined) throw new Error("no service");
export const TestService = found as GenService<{
  emptyCall: { methodKind: "unary"; input: GenMessage<Message>; output: GenMessage<Message> };
  unaryCall: { methodKind: "unary"; input: GenMessage<SimpleRequest>; output: GenMessage<SimpleResponse> };
  streamingOutputCall: {
    methodKind: "server_streaming";
    input: GenMessage<StreamRequest>;
    output: GenMessage<SimpleResponse>;
  };
}>;
