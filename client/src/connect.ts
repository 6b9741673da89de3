import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { type FollowTransport, Lost, type Opening, type TransportEvent } from "./transport.ts";

/**
 * Returns the protocol of a transport of Connect: Connect, gRPC or gRPC-Web.
 *
 * @example
 * const over = connect(createConnectTransport({ baseUrl: "https://bff.example.com" }));
 */
export function connect(transport: Transport): FollowTransport {
  return { open: (opening) => overConnect(transport, opening) };
}

async function* overConnect<I extends DescMessage, O extends DescMessage>(
  transport: Transport,
  { method, request, token, headers, signal }: Opening<I, O>,
): AsyncGenerator<TransportEvent<O>> {
  if (token !== undefined) headers.set("bff-resume", token);
  const input = (async function* () {
    yield request;
  })();
  try {
    const response = await transport.stream(method, signal, undefined, headers, input);
    yield { kind: "opened", beatMs: beatOf(response.header.get("bff-heartbeat")) };
    // The token is in the message's position, because messages carry positions over all protocols.
    for await (const message of response.message) yield { kind: "item", message, token: undefined };
  } catch (thrown) {
    throw lostOr(thrown);
  }
  yield { kind: "ended" };
}

/**
 * Returns a `Lost` for a lost connection, and any other error unchanged. Connect wraps an error of fetch or of a socket
 * as a `cause`. A reset HTTP/2 stream has no cause. JSON that does not decode has a cause too, but also a code that no
 * lost connection has.
 */
function lostOr(thrown: unknown): unknown {
  if (!(thrown instanceof ConnectError) || thrown.cause instanceof ConnectError) return thrown;
  if (thrown.code === Code.InvalidArgument) return thrown;
  const wasLost = thrown.cause !== undefined || LOST.test(thrown.rawMessage);
  return wasLost ? new Lost(thrown.rawMessage, { cause: thrown }) : thrown;
}
/** Messages of connect-node and connect-web for a lost connection. */
const LOST =
  /^(http\/2 stream closed with error code |missing EndStreamResponse|missing trailer|protocol error: missing )/;

/** The header `bff-heartbeat`, in milliseconds. */
export function beatOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) && header !== "0" ? Number(header) : undefined;
}
