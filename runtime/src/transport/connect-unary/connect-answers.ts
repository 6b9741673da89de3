// Answers of Connect's unary protocol (https://connectrpc.com/docs/protocol#unary-response).
import { create, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { type Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { codeFromHttpStatus, errorFromJson, parseContentType } from "@connectrpc/connect/protocol-connect";
import { StatusSchema } from "@protobff/messages/google/rpc/status_pb.js";
import { Code, type Fault } from "../../failure.ts";
import { plainType } from "../../wire/media-type.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import type { AnswerFormat } from "../http/answer-format.ts";

/** Maximum number of details that are kept of an error. */
const MAX_DETAILS = 100;
/** Beginning of the headers that are trailers. */
const TRAILER = "trailer-";
const DECODER = new TextDecoder();

/** Form of the answers of all RPCs. */
export const connectAnswers: AnswerFormat = {
  succeeds: (status) => status === 200,
  refuses(type, succeeds) {
    const form = parseContentType(plainType(type));
    if (form === undefined) return Code.UNKNOWN;
    return !form.stream && form.binary === succeeds ? undefined : Code.INTERNAL;
  },
  message: (body) => body,
  fault(status, body, pushbackMs) {
    const code = codeFromHttpStatus(status) as Code;
    const plain: Fault = { kind: "status", code, message: `HTTP ${status}`, pushbackMs };
    if (body === undefined || body.length === 0) return plain;
    let json: JsonValue;
    try {
      json = JSON.parse(DECODER.decode(body)) as JsonValue;
    } catch {
      return { kind: "invalid", code, message: `HTTP ${status} with broken JSON` };
    }
    return errorIn(json, plain);
  },
  split(received) {
    const headers: Record<string, ReceivedHeaders[string]> = {};
    const trailers: Record<string, ReceivedHeaders[string]> = {};
    for (const [name, value] of Object.entries(received)) {
      if (name.startsWith(TRAILER)) trailers[name.slice(TRAILER.length)] = value;
      else headers[name] = value;
    }
    return [headers, trailers];
  },
};

/** @param plain the fault of JSON that is no error of Connect */
function errorIn(json: JsonValue, plain: Fault): Fault {
  let error: ConnectError;
  try {
    error = errorFromJson(json, undefined, new ConnectError(plain.message, plain.code as ConnectCode));
  } catch {
    return plain;
  }
  const upstreamText = error.rawMessage.toWellFormed() || undefined;
  // For a name such as "constructor" the code is no number.
  const code = typeof error.code === "number" ? (error.code as Code) : plain.code;
  const details = error.details
    .slice(0, MAX_DETAILS)
    .flatMap((detail) =>
      "type" in detail ? [{ typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value }] : [],
    );
  const status = { code, message: upstreamText ?? "", details };
  return {
    ...plain,
    code,
    message: upstreamText ?? plain.message,
    upstreamText,
    details: details.length === 0 ? undefined : toBinary(StatusSchema, create(StatusSchema, status)),
  };
}
