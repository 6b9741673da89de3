// The messages of connectrpc.conformance.v1, as far as the two programs use them. Their descriptors come from the runner's own module, in
// the file that DESCRIPTORS names.
import { readFileSync } from "node:fs";
import { createFileRegistry, type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import { type Any, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const PACKAGE = "connectrpc.conformance.v1";
export const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(process.env.DESCRIPTORS ?? "")),
);

export interface Header {
  name: string;
  value: string[];
}
export interface ErrorMessage {
  code: number;
  message?: string;
  details: Any[];
}
export type RequestInfo = Message<"connectrpc.conformance.v1.ConformancePayload.RequestInfo"> & {
  requestHeaders: Header[];
  timeoutMs?: bigint;
  requests: Any[];
};
export interface Payload {
  data: Uint8Array;
  requestInfo?: RequestInfo;
}
export interface ResponseDefinition {
  responseHeaders: Header[];
  response: { case: "responseData"; value: Uint8Array } | { case: "error"; value: ErrorMessage } | { case: undefined };
  responseTrailers: Header[];
  responseDelayMs: number;
}
export type UnaryRequest = Message & { responseDefinition?: ResponseDefinition };
export type StreamRequest = Message & {
  responseDefinition?: {
    responseHeaders: Header[];
    responseData: Uint8Array[];
    responseDelayMs: number;
    error?: ErrorMessage;
    responseTrailers: Header[];
  };
};
export type UnaryResponse = Message & { payload?: Payload };
export interface Credentials {
  cert: Uint8Array;
  key: Uint8Array;
}
type ServerRequest = Message & { useTls: boolean; messageReceiveLimit: number; serverCreds?: Credentials };
type ServerResponse = Message & { host: string; port: number; pemCert: Uint8Array };
export type ClientRequest = Message & {
  testName: string;
  host: string;
  port: number;
  serverTlsCert: Uint8Array;
  clientTlsCreds?: Credentials;
  messageReceiveLimit: number;
  method?: string;
  requestHeaders: Header[];
  requestMessages: Any[];
  timeoutMs?: number;
  requestDelayMs: number;
  cancel?: {
    cancelTiming:
      | { case: "afterCloseSendMs"; value: number }
      | { case: "afterNumResponses"; value: number }
      | { case: undefined };
  };
};
export interface ClientResult {
  responseHeaders: Header[];
  responseTrailers: Header[];
  payloads: Payload[];
  error?: ErrorMessage;
}
type ClientResponse = Message & {
  testName: string;
  result: { case: "response"; value: ClientResult } | { case: "error"; value: { message: string } };
};

function message<T extends Message>(name: string): GenMessage<T> {
  const found: DescMessage | undefined = registry.getMessage(`${PACKAGE}.${name}`);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found as GenMessage<T>;
}
export const RequestInfoSchema = message<RequestInfo>("ConformancePayload.RequestInfo");
export const ServerRequestSchema = message<ServerRequest>("ServerCompatRequest");
export const ServerResponseSchema = message<ServerResponse>("ServerCompatResponse");
export const ClientRequestSchema = message<ClientRequest>("ClientCompatRequest");
export const ClientResponseSchema = message<ClientResponse>("ClientCompatResponse");

interface Unary {
  methodKind: "unary";
  input: GenMessage<UnaryRequest>;
  output: GenMessage<UnaryResponse>;
}
interface ServerStream {
  methodKind: "server_streaming";
  input: GenMessage<StreamRequest>;
  output: GenMessage<UnaryResponse>;
}
const service = registry.getService(`${PACKAGE}.ConformanceService`);
if (service === undefined) throw new Error("no service");
export const ConformanceService = service as GenService<{
  unary: Unary;
  idempotentUnary: Unary;
  unimplemented: Unary;
  serverStream: ServerStream;
}>;

/** A message as the runner reads and writes it: its length in front, in four bytes. */
export function delimited(bytes: Uint8Array): Buffer {
  const framed = Buffer.alloc(4 + bytes.length);
  framed.writeUInt32BE(bytes.length);
  framed.set(bytes, 4);
  return framed;
}
/** All values of a name; a program under test may have joined them. */
export function toHeaders(headers: Headers): Header[] {
  return [...headers].map(([name, value]) => ({ name, value: [value] }));
}
export function appendHeaders(to: Headers, headers: readonly Header[]): void {
  for (const { name, value } of headers) for (const item of value) to.append(name, item);
}
