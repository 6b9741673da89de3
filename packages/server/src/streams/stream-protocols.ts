// Encodes streams for each protocol: gRPC's frames, and the protocol's end.
import type { Registry } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { createEndStreamSerialization, endStreamFlag } from "@connectrpc/connect/protocol-connect";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { OK_TRAILERS, type Trailers, trailersOf } from "../carrier/trailers.ts";
import type { HeadNames } from "../fast/request-heads.ts";
import { statusTrailers } from "../headers/grpc-status.ts";

/** The last part of a stream. */
interface StreamEnd {
  readonly bytes?: Uint8Array | undefined;
  /** Trailers of HTTP/2. */
  readonly trailers?: Trailers | undefined;
}

/** Encodes a stream for one protocol. */
export interface StreamProtocol {
  readonly names: HeadNames;
  /** Header with the compression of the request's message; undefined: it must be uncompressed. */
  readonly encoding?: "grpc-encoding" | "connect-content-encoding" | undefined;
  /** Headers of every answer: names and values in turn. */
  readonly headers: readonly string[];
  /** True if the stream ends with trailers of HTTP. */
  readonly trailing: boolean;
  /** Returns the first bytes of the stream's body. */
  readonly begin?: (() => Uint8Array) | undefined;
  /** Encodes one message, given the result of `StreamRpc.serialize`. */
  readonly item?: ((bytes: Uint8Array, token: string | undefined) => Uint8Array) | undefined;
  /** Encodes a sign of life of the protocol; undefined: a beat is a message. */
  readonly beat?: ((token: string | undefined) => Uint8Array) | undefined;
  /**
   * @param trailers names and values in turn, with the token
   * @param token of the last item
   */
  end(error: ConnectError | undefined, trailers: readonly string[], token: string | undefined): StreamEnd;
  /** Answers a failure before the stream has begun; undefined: as `end` does later. */
  readonly refuse?: ((error: ConnectError) => StreamRefusal) | undefined;
}
/** An answer that is no stream. */
interface StreamRefusal {
  readonly status: number;
  readonly headers: readonly string[];
  readonly bytes?: Uint8Array | undefined;
}

/** Flag of a frame with trailers (PROTOCOL-WEB.md of gRPC). */
const TRAILERS_FLAG = 0x80;
const GRPC_NAMES: HeadNames = { isGrpc: true, timeout: "grpc-timeout" };
const WEB_NAMES: HeadNames = { isGrpc: false, timeout: "grpc-timeout" };
const CONNECT_NAMES: HeadNames = { isGrpc: false, timeout: "connect-timeout-ms" };
/** nginx would wait for more to pass on. */
export const UNBUFFERED: readonly string[] = ["x-accel-buffering", "no"];

function grpcTrailers(error: ConnectError | undefined, trailers: readonly string[]): Trailers {
  const status = error === undefined ? OK_TRAILERS : statusTrailers(error);
  return trailers.length === 0 ? status : { ...trailersOf(trailers), ...status };
}

export const GRPC: StreamProtocol = {
  names: GRPC_NAMES,
  encoding: "grpc-encoding",
  headers: ["content-type", "application/grpc+proto"],
  trailing: true,
  end: (error, trailers) => ({ trailers: grpcTrailers(error, trailers) }),
};

export const GRPC_WEB: StreamProtocol = {
  names: WEB_NAMES,
  encoding: "grpc-encoding",
  headers: ["content-type", "application/grpc-web+proto", ...UNBUFFERED],
  trailing: false,
  end: (error, trailers) => {
    const lines: string[] = [];
    for (const [name, values] of Object.entries(grpcTrailers(error, trailers)))
      for (const value of [values].flat()) lines.push(`${name}: ${value.replace(/[\r\n]/g, " ")}\r\n`);
    return { bytes: flagged(Buffer.from(lines.join("")), TRAILERS_FLAG) };
  },
};

/** Connect's own protocol for streams. */
export function connectStream(format: "proto" | "json", registry: Registry): StreamProtocol {
  const { serialize } = createEndStreamSerialization({ registry });
  return {
    names: CONNECT_NAMES,
    encoding: "connect-content-encoding",
    headers: ["content-type", `application/connect+${format}`, ...UNBUFFERED],
    trailing: false,
    end: (error, trailers) => {
      const metadata = new Headers();
      for (let i = 0; i + 1 < trailers.length; i += 2) metadata.append(trailers[i] ?? "", trailers[i + 1] ?? "");
      const end = error === undefined ? { metadata } : { metadata, error };
      return { bytes: flagged(serialize(end), endStreamFlag) };
    },
  };
}

function flagged(bytes: Uint8Array, flag: number): Buffer {
  const framed = frame(bytes);
  framed[0] = flag;
  return framed;
}
