import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { connectError, withErrorInfo } from "@protobff/runtime/internal/endpoint/connect-error";
import { ERROR_CODES, Failure, Reason } from "@protobff/runtime/internal/failure";
import { encodeGrpcMessage } from "@protobff/runtime/internal/routes/grpc-message";
import fc from "fast-check";
import { expect, test } from "vitest";
import { trailersOf } from "../carrier/trailers.ts";
import { statusPairs, statusTrailers } from "./grpc-status.ts";

const detail = fc.record({
  type: fc.string({ minLength: 1 }).map((text) => text.toWellFormed()),
  value: fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes)),
});
const metadata = fc.dictionary(
  fc.constantFrom("grpc-retry-pushback-ms", "x-a", "grpc-status", "content-type", "trailer-x", "set-cookie"),
  fc.constantFrom("-1", "10", "a b"),
);

/** Connect's trailers. It encodes more characters of the text than gRPC's PROTOCOL-HTTP2.md. */
const ofConnect = (error: ConnectError): object => ({
  ...Object.fromEntries(setTrailerStatus(new Headers(), error)),
  "grpc-message": encodeGrpcMessage(error.rawMessage),
});

test("the trailers of an error equal Connect's", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(Code).filter((code) => typeof code === "number")),
      fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
      fc.array(detail, { maxLength: 3 }),
      metadata,
      fc.boolean(),
      (code, message, details, more, withDescriptor) => {
        const error = new ConnectError(message, code, more);
        error.details = withDescriptor
          ? [...details, { desc: DurationSchema, value: create(DurationSchema, { seconds: 1n }) }]
          : details;
        expect(statusTrailers(error)).toEqual(ofConnect(error));
      },
    ),
  );
});

test("the trailers of a failure equal those of its error", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ERROR_CODES),
      fc.constantFrom(...Object.values(Reason)),
      fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
      fc.array(detail, { maxLength: 3 }),
      fc.option(fc.nat(), { nil: undefined }),
      fc.boolean(),
      (clientCode, reason, clientMessage, details, pushbackMs, withDescriptor) => {
        const desc = { desc: DurationSchema, value: create(DurationSchema, { seconds: 1n }) };
        const failure = new Failure({
          ...{ code: clientCode, clientCode, reason, clientMessage, pushbackMs, callee: "", message: "for logs" },
          details: withDescriptor ? [...details, desc] : details,
        });
        const expected = ofConnect(connectError(failure));
        expect(trailersOf(statusPairs(failure, withErrorInfo(failure)))).toEqual(expected);
      },
    ),
  );
});
