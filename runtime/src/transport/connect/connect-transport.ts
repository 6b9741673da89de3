import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Code as ConnectCode,
  ConnectError,
  createContextValues,
  type Interceptor,
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import { verdictOn } from "../../failure.ts";
import { frame } from "../../wire/frame.ts";
import type { OutgoingHeaders } from "../call-headers.ts";
import type { InFlight, Reply, UnaryClient } from "../unary-client.ts";
import { connectError, sendable, toHeaders } from "./connect-metadata.ts";
import { openedStream } from "./connect-streaming.ts";

/** What calls through a Transport have in common. */
export interface ConnectTransportOptions {
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** For calls that have none of their own, in milliseconds. Default: no deadline. */
  readonly defaultTimeoutMs?: number | undefined;
}

/**
 * A client of upstreams as a Transport of Connect: `createClient(Service, connectTransport(client))`. Unary and server-streaming rpcs;
 * those that take a stream fail with UNIMPLEMENTED. A unary call that the upstream has certainly not processed is sent once more. There
 * are no retries, breakers or limits here.
 */
export function connectTransport(client: UnaryClient, options: ConnectTransportOptions = {}): Transport {
  return {
    async unary(method, signal, timeoutMs = options.defaultTimeoutMs, header, input, contextValues) {
      const deadlineMs = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
      const path = `/${method.parent.typeName}/${method.name}`;
      return runUnaryCall({
        interceptors: [...(options.interceptors ?? [])],
        ...(signal !== undefined && { signal }),
        ...(deadlineMs !== undefined && { timeoutMs: deadlineMs }),
        req: {
          stream: false,
          service: method.parent,
          method,
          requestMethod: "POST",
          url: path,
          header: new Headers(header),
          contextValues: contextValues ?? createContextValues(),
          message: input,
        },
        next: async ({ message, header, signal }) => {
          const bytes = frame(toBinary(method.input, message));
          const reply = await once(
            client,
            path,
            bytes,
            deadlineMs ?? Number.POSITIVE_INFINITY,
            sendable(header),
            signal,
          );
          let decoded: UnaryResponse<typeof method.input, typeof method.output>["message"];
          try {
            decoded = fromBinary(method.output, reply.message);
          } catch (error) {
            throw new ConnectError(String(error), ConnectCode.Internal, undefined, undefined, error);
          }
          const { header: received, trailer } = reply;
          return { stream: false, service: method.parent, method, header: received, message: decoded, trailer };
        },
      });
    },
    async stream(method, signal, timeoutMs = options.defaultTimeoutMs, header, input, contextValues) {
      if (method.methodKind !== "server_streaming")
        throw new ConnectError(`${method.name} takes a stream, which is not supported`, ConnectCode.Unimplemented);
      const deadlineMs = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
      return runStreamingCall({
        interceptors: [...(options.interceptors ?? [])],
        ...(signal !== undefined && { signal }),
        ...(deadlineMs !== undefined && { timeoutMs: deadlineMs }),
        req: {
          stream: true,
          service: method.parent,
          method,
          requestMethod: "POST",
          url: `/${method.parent.typeName}/${method.name}`,
          header: new Headers(header),
          contextValues: contextValues ?? createContextValues(),
          message: input,
        },
        next: (request) => openedStream(client, request, deadlineMs ?? Number.POSITIVE_INFINITY),
      });
    },
  };
}

interface Received {
  readonly message: Uint8Array;
  readonly header: Headers;
  readonly trailer: Headers;
}

function once(
  client: UnaryClient,
  path: string,
  bytes: Uint8Array,
  timeoutMs: number,
  headers: OutgoingHeaders,
  signal: AbortSignal,
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const until = performance.now() + timeoutMs;
    let header = new Headers();
    let trailer = new Headers();
    let inFlight: InFlight | undefined;
    let resent = false;
    const gone = (): void => {
      inFlight?.cancel();
      reject(signal.reason);
    };
    const send = (): void => {
      const reply: Reply = {
        metadata: (first, last) => {
          header = toHeaders(first);
          trailer = toHeaders(last);
        },
        replied: (message) => {
          inFlight?.judged?.(true);
          signal.removeEventListener("abort", gone);
          resolve({ message, header, trailer });
        },
        faulted: (fault) => {
          inFlight?.judged?.(verdictOn(fault, false));
          if (fault.kind === "unprocessed" && !resent) {
            resent = true;
            send();
            return;
          }
          signal.removeEventListener("abort", gone);
          reject(connectError(fault, until - performance.now(), header, trailer));
        },
      };
      inFlight = client.send(path, bytes, until - performance.now(), headers, 1, reply, inFlight);
    };
    if (signal.aborted) {
      gone();
      return;
    }
    signal.addEventListener("abort", gone);
    send();
  });
}
