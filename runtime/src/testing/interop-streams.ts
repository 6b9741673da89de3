import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect } from "vitest";
import { Code } from "../failure.ts";
import { GrpcClient, type Http2 } from "../transport/grpc/grpc-client.ts";
import { CountingProxy } from "./counting-proxy.ts";
import { until } from "./grpc-rig.ts";
import { TestStream } from "./stream-rig.ts";

// Server streams of gRPC's interop tests (grpc.testing.TestService).

const PATH = "/grpc.testing.TestService/StreamingOutputCall";
const WINDOW = 1 << 16;

interface OutputRequest {
  readonly sizes: readonly number[];
  /** Interval between items, in microseconds. */
  readonly everyMicros?: number;
  readonly status?: { readonly code: number; readonly message: string };
}
function outputRequest({ sizes, everyMicros = 0, status }: OutputRequest): Buffer {
  const writer = new BinaryWriter();
  for (const size of sizes) {
    writer.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(size);
    writer.tag(2, WireType.Varint).int32(everyMicros).join();
  }
  if (status !== undefined) {
    writer.tag(7, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(status.code);
    writer.tag(2, WireType.LengthDelimited).string(status.message).join();
  }
  return Buffer.from(writer.finish());
}
/** Returns the size of an item's payload. */
function sizeOf(item: Uint8Array): number {
  const outer = new BinaryReader(item);
  outer.tag();
  const inner = new BinaryReader(outer.bytes());
  while (inner.pos < inner.len) {
    const [field] = inner.tag();
    if (field === 2) return inner.bytes().length;
    inner.int32();
  }
  return 0;
}
const follow = (client: GrpcClient, request: OutputRequest, take?: number): TestStream =>
  new TestStream(client, take, outputRequest(request), PATH);

/** Cases by name; each receives a server's port. */
export const INTEROP_STREAMS: Readonly<Record<string, (port: number, http2: Http2) => Promise<void>>> = {
  server_streaming: (port, http2) =>
    using(port, http2, async (client) => {
      const stream = follow(client, { sizes: [31_415, 9, 2_653, 58_979, 1_000_000] });
      expect(await stream.end).toMatchObject({ trailers: { "grpc-status": "0" } });
      expect(stream.items.map(sizeOf)).toEqual([31_415, 9, 2_653, 58_979, 1_000_000]);
    }),
  "a stream of nothing": (port, http2) =>
    using(port, http2, async (client) => {
      const stream = follow(client, { sizes: [] });
      expect(await stream.end).toMatchObject({ trailers: { "grpc-status": "0" } });
      expect(stream.items).toEqual([]);
    }),
  "a stream that is refused": (port, http2) =>
    using(port, http2, async (client) => {
      const stream = new TestStream(client, 1, "", "/grpc.testing.UnimplementedService/None");
      expect(await stream.end).toMatchObject({ fault: { kind: "status", code: Code.UNIMPLEMENTED } });
    }),
  "a slow taker": (port, http2) =>
    using(port, http2, async (client, proxy) => {
      const stream = follow(client, { sizes: Array<number>(1_000).fill(1_000) }, 0);
      const ahead = WINDOW * (http2 === "node" ? 2 : 1);
      await until(() => proxy.received > WINDOW * 0.9);
      for (let items = 1; items <= 300; items++) {
        stream.take(1);
        await stream.came(items);
        expect(proxy.received).toBeLessThan((ahead + items * 1_020) * 1.1 + 2_048);
      }
      stream.take(1_000);
      expect(await stream.end).toHaveProperty("trailers");
      expect(stream.items.length).toBe(1_000);
    }),
  "streams that are cancelled, and one beside them": (port, http2) =>
    using(port, http2, async (client) => {
      const slow = follow(client, { sizes: Array<number>(200).fill(1_000), everyMicros: 1_000 });
      const others = Array.from({ length: 50 }, () => follow(client, { sizes: Array<number>(1_000).fill(100) }, 3));
      await Promise.all(others.map((other) => other.came(3)));
      for (const other of others) other.cancel();
      expect(await slow.end).toHaveProperty("trailers");
      expect(slow.items.length).toBe(200);
    }),
};

async function using(
  port: number,
  http2: Http2,
  run: (client: GrpcClient, proxy: CountingProxy) => Promise<void>,
): Promise<void> {
  const proxy = await new CountingProxy(port).start();
  const client = new GrpcClient(proxy.url, { http2 });
  try {
    await run(client, proxy);
  } finally {
    await proxy.stop();
    await client.close();
  }
}
