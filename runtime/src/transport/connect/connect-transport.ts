import {
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Code as ConnectCode,
  ConnectError,
  createContextValues,
  type Interceptor,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import { verdictOn } from "../../failure.ts";
import { frame } from "../../wire/frame.ts";
import { readMessage } from "../../wire/reader.ts";
import type { InFlight, Reply, UnaryClient } from "../unary-client.ts";
import { connectError, sendable, toHeaders } from "./connect-metadata.ts";
import { openedStream } from "./connect-streaming.ts";

/** Options of all calls through a Transport. */
export interface ConnectTransportOptions {
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** Deadline of calls without a deadline, in milliseconds. Default: no deadline. */
  readonly defaultTimeoutMs?: number | undefined;
}

/**
 * Returns a Transport of Connect for a client of upstreams. It supports unary and server-streaming RPCs; those that
 * take a stream fail with UNIMPLEMENTED. A unary call that the upstream has certainly not processed is sent once more.
 * The transport has no retries, breakers or limits.
 *
 * @example
 * const stock = createClient(StockService, connectTransport(new GrpcClient("http://127.0.0.1:9002")));
 */
export function connectTransport(client: UnaryClient, options: ConnectTransportOptions = {}): Transport {
  return {
    async unary(method, signal, timeoutMs = options.defaultTimeoutMs, header, input, contextValues) {
      const deadlineMs = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
      return runUnaryCall({
        interceptors: [...(options.interceptors ?? [])],
        ...(signal !== undefined && { signal }),
        ...(deadlineMs !== undefined && { timeoutMs: deadlineMs }),
        req: { stream: false, ...requestOf(method, new Headers(header), contextValues), message: input },
        next: (request) => answered(client, method, request, deadlineMs ?? Number.POSITIVE_INFINITY),
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
        req: { stream: true, ...requestOf(method, new Headers(header), contextValues), message: input },
        next: (request) => openedStream(client, request, deadlineMs ?? Number.POSITIVE_INFINITY),
      });
    },
  };
}

function requestOf<M extends DescMethod>(method: M, header: Headers, contextValues = createContextValues()) {
  const requestMethod = "POST";
  return {
    service: method.parent,
    method,
    requestMethod,
    url: pathOf(method),
    header,
    contextValues,
  };
}

const pathOf = ({ parent, name }: DescMethod): string => `/${parent.typeName}/${name}`;

async function answered<I extends DescMessage, O extends DescMessage>(
  client: UnaryClient,
  method: DescMethodUnary<I, O>,
  { message, header, signal }: UnaryRequest<I, O>,
  timeoutMs: number,
): Promise<UnaryResponse<I, O>> {
  const bytes = frame(toBinary(method.input, message));
  const headers = sendable(header);
  const send: Send = (leftMs, reply, after) => client.send(pathOf(method), bytes, leftMs, headers, 1, reply, after);
  const reply = await once(send, timeoutMs, signal);
  return {
    stream: false,
    service: method.parent,
    method,
    header: reply.header,
    message: decoded(method.output, reply.message),
    trailer: reply.trailer,
  };
}

function decoded<O extends DescMessage>(type: O, bytes: Uint8Array): MessageShape<O> {
  try {
    return readMessage(type, bytes);
  } catch (error) {
    throw new ConnectError(String(error), ConnectCode.Internal, undefined, undefined, error);
  }
}

interface Received {
  readonly message: Uint8Array;
  readonly header: Headers;
  readonly trailer: Headers;
}

type Send = (leftMs: number, reply: Reply, after: InFlight | undefined) => InFlight;

function once(send: Send, timeoutMs: number, signal: AbortSignal): Promise<Received> {
  return new Promise((resolve, reject) => {
    const until = performance.now() + timeoutMs;
    let header = new Headers();
    let trailer = new Headers();
    let inFlight: InFlight | undefined;
    let resent = false;
    const onAbort = (): void => {
      inFlight?.cancel();
      reject(signal.reason);
    };
    const attempt = (): void => {
      const reply: Reply = {
        metadata: (first, last) => {
          header = toHeaders(first);
          trailer = toHeaders(last);
        },
        replied: (message) => {
          inFlight?.rate?.(true);
          signal.removeEventListener("abort", onAbort);
          resolve({ message, header, trailer });
        },
        faulted: (fault) => {
          inFlight?.rate?.(verdictOn(fault, false));
          if (fault.kind === "unprocessed" && !resent) {
            resent = true;
            attempt();
            return;
          }
          signal.removeEventListener("abort", onAbort);
          reject(connectError(fault, until - performance.now(), header, trailer));
        },
      };
      inFlight = send(until - performance.now(), reply, inFlight);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener("abort", onAbort);
    attempt();
  });
}
