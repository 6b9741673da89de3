// A gRPC client by other hands: @grpc/grpc-js, with messages by protobuf.js.
import * as grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { workedExampleDescriptors } from "../../bffs/worked-example/example.ts";

export interface Reply {
  /** As protobuf's JSON has it: what has no value is left out, enums by name, 64-bit integers as text. */
  readonly message?: object;
  readonly status?: grpc.ServiceError;
  /** The headers that arrived before the message, and the trailers. */
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Call {
  readonly reply: Promise<Reply>;
  cancel(): void;
}

export interface GrpcJsClient {
  getDashboard(
    request: object,
    headers?: Readonly<Record<string, string>>,
    options?: { readonly timeoutMs?: number },
  ): Call;
  close(): void;
}

export function grpcJsClient(url: string): GrpcJsClient {
  const definition = loadFileDescriptorSetFromBuffer(workedExampleDescriptors(), { longs: String, enums: String });
  const loaded = grpc.loadPackageDefinition(definition);
  const { v1 } = loaded.web as { v1: { DashboardService: grpc.ServiceClientConstructor } };
  const client = new v1.DashboardService(new URL(url).host, grpc.credentials.createInsecure());
  return {
    getDashboard(request, headers = {}, { timeoutMs } = {}) {
      const metadata = new grpc.Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
      const { promise, resolve } = Promise.withResolvers<Reply>();
      let initial = {};
      const call: grpc.ClientUnaryCall = client.getDashboard?.(
        renamed(request, (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
        metadata,
        deadline,
        (status: grpc.ServiceError | null, message?: object) =>
          resolve(status === null ? { message: inJson(message), headers: initial } : { status, headers: initial }),
      );
      call.on("metadata", (received: grpc.Metadata) => {
        initial = received.getMap();
      });
      return { reply: promise, cancel: () => call.cancel() };
    },
    close: () => client.close(),
  };
}

/** protobuf.js keeps the proto's names of what comes from a descriptor set. */
function inJson(message: object | undefined): object {
  return renamed(message ?? {}, (name) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

function renamed(message: object, rename: (name: string) => string): object {
  const value = (field: unknown): unknown => {
    if (Array.isArray(field)) return field.map(value);
    return typeof field === "object" && field !== null ? renamed(field, rename) : field;
  };
  return Object.fromEntries(Object.entries(message).map(([name, field]) => [rename(name), value(field)]));
}
