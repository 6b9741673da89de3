import { type DescMethodServerStreaming, type DescMethodUnary, type Registry, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { answerWriter } from "@protobff/runtime/internal/endpoint/leave-out";
import { type Bounds, messageError } from "@protobff/runtime/internal/routes/bounds";
import { parseJson } from "@protobff/runtime/internal/routes/parse-json";
import { frame, PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import type { FastRpc } from "./unary-call.ts";

type Method = DescMethodUnary | DescMethodServerStreaming;
const ENCODER = new TextEncoder();

/** Reads and writes the messages of one RPC. */
type Encoding = Pick<FastRpc, "parse" | "serialize" | "prefix">;

export function jsonOf(method: Method, bounds: Bounds, registry: Registry): Encoding {
  const write = answerWriter(method.output, registry);
  return {
    parse: (bytes) => {
      const error = messageError(bytes, method.input, true, bounds);
      if (error !== undefined) return error;
      try {
        return parseJson(method.input, bytes, registry);
      } catch (thrown) {
        return ConnectError.from(thrown, Code.InvalidArgument);
      }
    },
    serialize: (message, leftOut) => ENCODER.encode(write(message, leftOut)),
    prefix: 0,
  };
}

export function binaryOf(
  { method, codec }: { readonly method: Method } & Pick<Endpoint, "codec">,
  bounds: Bounds,
): Encoding {
  const decode = codec?.decode ?? ((bytes) => readMessage(method.input, bytes));
  const encode = codec?.encode ?? ((message) => frame(toBinary(method.output, message)));
  return {
    parse: (bytes) => {
      const error = messageError(bytes, method.input, false, bounds);
      if (error !== undefined) return error;
      try {
        return decode(bytes);
      } catch (thrown) {
        return stackless(`parse binary: ${textOf(thrown)}`, Code.InvalidArgument); // as connect-go has it
      }
    },
    serialize: (message) => {
      try {
        return encode(message);
      } catch (thrown) {
        throw stackless(`serialize binary: ${textOf(thrown)}`, Code.Internal);
      }
    },
    prefix: PREFIX_BYTES,
  };
}
const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
