import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect } from "vitest";
import { Code, type Fault } from "../failure.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "../transport/call-headers.ts";
import type { GrpcClient } from "../transport/grpc/grpc-client.ts";
import { frame } from "../wire/frame.ts";

// Unary calls of gRPC's interop tests (grpc.testing.TestService), for which every implementation has a server.

const UNARY = "/grpc.testing.TestService/UnaryCall";
const INITIAL = "x-grpc-test-echo-initial";
const TRAILING = "x-grpc-test-echo-trailing-bin";

export interface SimpleRequest {
  readonly responseSize: number;
  readonly bodySize: number;
  readonly status?: { readonly code: number; readonly message: string } | undefined;
}

export function simpleRequest({ responseSize, bodySize, status }: SimpleRequest): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(2, WireType.Varint).int32(responseSize);
  writer
    .tag(3, WireType.LengthDelimited)
    .fork()
    .tag(2, WireType.LengthDelimited)
    .bytes(new Uint8Array(bodySize))
    .join();
  if (status === undefined) return writer.finish();
  writer.tag(7, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(status.code);
  return writer.tag(2, WireType.LengthDelimited).string(status.message).join().finish();
}
/** Decodes a request as a server does. */
export function readSimpleRequest(bytes: Uint8Array): SimpleRequest {
  const read = { responseSize: 0, bodySize: 0, status: undefined as SimpleRequest["status"] };
  each(bytes, (field, reader) => {
    if (field === 2) read.responseSize = reader.int32();
    else if (field === 3) read.bodySize = reader.bytes().length;
    else if (field === 7) {
      const status = { code: 0, message: "" };
      each(reader.bytes(), (field, inner) => {
        if (field === 1) status.code = inner.int32();
        else status.message = inner.string();
      });
      read.status = status;
    }
  });
  return read;
}
export function simpleResponse(size: number): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).fork().tag(2, WireType.LengthDelimited).bytes(new Uint8Array(size));
  return writer.join().finish();
}
function each(bytes: Uint8Array, field: (number: number, reader: BinaryReader) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) field(reader.tag()[0], reader);
}
function sizeOf(response: Uint8Array): number {
  let size = 0;
  each(response, (_, reader) =>
    each(reader.bytes(), (field, inner) => {
      if (field === 2) size = inner.bytes().length;
      else inner.int32();
    }),
  );
  return size;
}

interface Outcome {
  readonly size?: number;
  readonly fault?: Fault;
  readonly headers: ReceivedHeaders;
  readonly trailers: ReceivedHeaders;
}
function call(client: GrpcClient, request: SimpleRequest, headers?: OutgoingHeaders, path = UNARY) {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let metadata: { headers: ReceivedHeaders; trailers: ReceivedHeaders } = { headers: {}, trailers: {} };
  const inFlight = client.send(path, frame(simpleRequest(request)), 60_000, headers, 1, {
    metadata: (headers, trailers) => {
      metadata = { headers, trailers };
    },
    replied: (bytes) => resolve({ size: sizeOf(bytes), ...metadata }),
    faulted: (fault) => resolve({ fault, ...metadata }),
  });
  return { outcome: promise, cancel: () => inFlight.cancel() };
}

/** Cases that run against a server of another implementation. */
export const INTEROP: Readonly<Record<string, (client: GrpcClient) => Promise<void>>> = {
  "many calls side by side": async (client) => {
    let begun = 0;
    const loop = async (): Promise<void> => {
      while (begun < 1_000) {
        const size = begun++ % 50;
        expect(await call(client, { responseSize: size, bodySize: size }).outcome).toMatchObject({ size });
      }
    };
    await Promise.all(Array.from({ length: 32 }, loop));
  },
  "large messages both ways": async (client) => {
    const sizes = [16_384, 65_535, 314_159, 3_000_000];
    const outcomes = sizes.map((size) => call(client, { responseSize: size, bodySize: size }).outcome);
    expect((await Promise.all(outcomes)).map(({ size }) => size)).toEqual(sizes);
  },
  "headers and trailers": async (client) => {
    for (const value of ["a", "with spaces, and: signs", "v".repeat(5_000), "v".repeat(30_000)]) {
      const bin = Buffer.from(value.slice(0, 3_000)).toString("base64");
      const outcome = await call(client, { responseSize: 1, bodySize: 1 }, { [INITIAL]: value, [TRAILING]: bin })
        .outcome;
      expect(outcome.headers).toMatchObject({ [INITIAL]: value });
      const came = Buffer.from(String(outcome.trailers[TRAILING]), "base64").toString("base64");
      expect(came).toBe(bin);
    }
  },
  "a status": async (client) => {
    const message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    const outcome = await call(client, { responseSize: 0, bodySize: 1, status: { code: 2, message } }).outcome;
    expect(outcome).toMatchObject({ fault: { kind: "status", code: Code.UNKNOWN, message } });
  },
  "no such method": async (client) => {
    const outcome = await call(
      client,
      { responseSize: 0, bodySize: 0 },
      undefined,
      "/grpc.testing.TestService/Nothing",
    );
    expect(await outcome.outcome).toMatchObject({ fault: { kind: "status", code: Code.UNIMPLEMENTED } });
  },
  "calls beside others that are cancelled": async (client) => {
    const calls = Array.from({ length: 300 }, (_, i) => call(client, { responseSize: 20_000, bodySize: i * 100 }));
    for (const [i, { cancel }] of calls.entries()) if (i % 2 === 0) cancel();
    const kept = calls.filter((_, i) => i % 2 === 1);
    for (const { outcome } of kept) expect(await outcome).toMatchObject({ size: 20_000 });
    expect(await call(client, { responseSize: 7, bodySize: 7 }).outcome).toMatchObject({ size: 7 });
  },
};
