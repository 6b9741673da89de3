// The status text of gRPC and gRPC-Web.
import type { ConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";

/** Flag of gRPC-Web's last frame. */
const TRAILERS = 0x80;
const SPECIAL = /[^\x20-\x24\x26-\x7e]+|^ | $/g;

/**
 * Encodes the value of `grpc-message`: `%`, controls and non-ASCII characters by UTF-8 bytes (PROTOCOL-HTTP2.md,
 * Percent-Encoded), and blanks at both ends, which HTTP forbids (RFC 9110, 5.5).
 */
export function encodeGrpcMessage(message: string): string {
  return message.replace(SPECIAL, (text) =>
    Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

/** Encodes the status texts of all handlers in the router in this way. Connect also encodes `:`, `/`, `,` and others. */
export function withGrpcMessages(router: ConnectRouter): void {
  const all = router.handlers.splice(0);
  router.handlers.push(...all.map(encoding));
}

function encoding(handler: UniversalHandler): UniversalHandler {
  const serve = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const response = await handler(request);
    const { body, header, trailer } = response;
    const type = header?.get("content-type") ?? "";
    if (body === undefined || !type.startsWith("application/grpc")) return response;
    if (type.startsWith("application/grpc-web")) return { ...response, body: webFrames(body) };
    return trailer === undefined ? response : { ...response, body: before(body, () => reencode(trailer)) };
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}
function reencode(trailer: Headers): void {
  const message = trailer.get(MESSAGE);
  if (message !== null) trailer.set(MESSAGE, encodeGrpcMessage(decodeURIComponent(message)));
}
const MESSAGE = "grpc-message";

async function* before(body: AsyncIterable<Uint8Array>, end: () => void): AsyncGenerator<Uint8Array> {
  yield* body;
  end();
}
/** Connect yields a frame at a time. */
async function* webFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    if (bytes[0] !== TRAILERS) yield bytes;
    else yield webTrailer(bytes.subarray(PREFIX_BYTES));
  }
}
function webTrailer(bytes: Uint8Array): Uint8Array {
  const lines = Buffer.from(bytes).toString("latin1");
  const encoded = lines.replace(
    WEB_MESSAGE,
    (_, name, message) => `${name}${encodeGrpcMessage(decodeURIComponent(message))}`,
  );
  const framed = frame(Buffer.from(encoded, "latin1"));
  framed[0] = TRAILERS;
  return framed;
}
const WEB_MESSAGE = /^(grpc-message: ?)(.*)$/im;
