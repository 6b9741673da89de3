// JSON at the border of Connect's handlers: our reader and writer convert messages, and the handlers see protobuf.
import { type DescMessage, type DescMethod, type Message, type Registry, toBinary } from "@bufbuild/protobuf";
import { Code, createContextValues } from "@connectrpc/connect";
import {
  compressionNegotiate,
  type UniversalHandler,
  type UniversalServerRequest,
  type UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { stackless } from "../endpoint/connect-error.ts";
import { JSON_ANSWER, type JsonAnswer } from "../endpoint/connect-json.ts";
import { written } from "../endpoint/leave-out.ts";
import { jsonWriter } from "../json/write-json.ts";
import { COMPRESS_FROM, COMPRESSIONS } from "../wire/compressions.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";
import { readMessage } from "../wire/reader.ts";
import { compressedResponse, singleChunk, whole } from "./compressed-answers.ts";
import { parseJson } from "./parse-json.ts";
import { refused } from "./refused.ts";

/** How JSON is converted. */
export interface JsonBorder {
  /** Types that a google.protobuf.Any may hold. */
  readonly registry: Registry;
  /** True if answers are compressed here; false: outside of the handler, by `addCompressed`. */
  readonly compresses: boolean;
}

/** Returns the bytes of the message in a JSON text. */
export function protoOf(desc: DescMessage, bytes: Uint8Array, registry: Registry): Uint8Array {
  return toBinary(desc, parseJson(desc, bytes, registry));
}

/** Header that accepts compressions of an answer, for each kind of content type. */
const ACCEPTS = ["accept-encoding", "grpc-accept-encoding", "connect-accept-encoding"];
const JSON_TYPE = /json\b/i;
const PROTO_TYPE = /^(application\/(?:[\w-]+\+)?)proto\b/i;
/** Flags of a frame that holds no message: the end of Connect's streams, and trailers of gRPC-Web. */
const END = 0x82;

/**
 * Serves a request whose messages are JSON.
 *
 * @param request its body or query holds protobuf already
 */
export async function answerInJson(
  request: UniversalServerRequest,
  handler: UniversalHandler,
  { registry, compresses }: JsonBorder,
): Promise<UniversalServerResponse> {
  const contextValues = request.contextValues ?? createContextValues();
  const answer = answerOf(handler.method, registry);
  contextValues.set(JSON_ANSWER, answer);
  const header = new Headers(request.header);
  const type = header.get("content-type");
  if (type !== null) header.set("content-type", type.replace(JSON_TYPE, "proto"));
  header.delete("content-length"); // protobuf has another length
  if (compresses) for (const name of ACCEPTS) header.set(name, "identity");
  const response = await handler({ ...request, header, contextValues });
  const sent = response.header;
  const [, prefix] = PROTO_TYPE.exec(sent?.get("content-type") ?? "") ?? [];
  if (prefix === undefined || sent === undefined) return response; // an error, which is JSON already
  sent.set("content-type", `${prefix}json`);
  const { body, trailer } = response;
  if (body === undefined) return response;
  if (prefix !== "application/") return { ...response, body: jsonFrames(body, answer, { prefix, trailer }) };
  let bytes: Uint8Array;
  try {
    bytes = answer.bytes ?? answer.ofBytes(await whole(body));
  } catch (thrown) {
    return refused(stackless(unwritable(thrown), Code.Internal));
  }
  if (sent.has("content-length")) sent.set("content-length", String(bytes.length));
  const compression = compresses ? compressionOf(request) : null;
  if (compression === null || bytes.length < COMPRESS_FROM) return { ...response, body: singleChunk(bytes) };
  return compressedResponse(request, { ...response, header: sent }, bytes, compression);
}

const compressionOf = ({ header }: UniversalServerRequest) =>
  compressionNegotiate(COMPRESSIONS, null, header.get("accept-encoding"), "").response;

interface AnswerWriter extends JsonAnswer {
  readonly ofBytes: (bytes: Uint8Array) => Uint8Array;
}
function answerOf({ output }: DescMethod, registry: Registry): AnswerWriter {
  const text = jsonWriter(output, registry);
  let sent: Message;
  const write = (message: Message): Uint8Array => {
    sent = message;
    return ENCODER.encode(text(message));
  };
  return {
    bytes: undefined,
    sendable(message, leftOut) {
      this.bytes = written({ desc: output, registry, write }, message, leftOut);
      return sent;
    },
    ofBytes: (bytes) => write(readMessage(output, bytes)),
  };
}
const ENCODER = new TextEncoder();

const unwritable = (thrown: unknown): string =>
  `serialize JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`;

/** Connect yields a frame at a time. */
async function* jsonFrames(
  body: AsyncIterable<Uint8Array>,
  answer: AnswerWriter,
  of: { readonly prefix: string; readonly trailer: Headers | undefined },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const [flags = 0] = chunk;
    if ((flags & END) !== 0) {
      yield chunk;
      continue;
    }
    let converted: Buffer;
    try {
      converted = frame(answer.ofBytes(chunk.subarray(PREFIX_BYTES)));
    } catch (thrown) {
      const end = errorEnd(thrown, of);
      if (end !== undefined) yield end;
      return;
    }
    converted[0] = flags;
    yield converted;
  }
}

/** Returns the last frame of a stream whose item has no JSON; undefined: the error is in the trailers. */
function errorEnd(
  thrown: unknown,
  { prefix, trailer }: { readonly prefix: string; readonly trailer: Headers | undefined },
): Buffer | undefined {
  const message = unwritable(thrown);
  if (prefix === "application/connect+") {
    const end = frame(ENCODER.encode(JSON.stringify({ error: { code: "internal", message } })));
    end[0] = 2;
    return end;
  }
  if (prefix === "application/grpc+") {
    trailer?.set("grpc-status", String(Code.Internal));
    trailer?.set("grpc-message", encodeURIComponent(message));
    return undefined;
  }
  const end = frame(
    ENCODER.encode(`grpc-status: ${Code.Internal}\\r\\ngrpc-message: ${encodeURIComponent(message)}\\r\\n`),
  );
  end[0] = 0x80;
  return end;
}
