import type { JsonObject, JsonValue, Message, Registry } from "@bufbuild/protobuf";
import type { Answering } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { Code, type Failure } from "@protobff/runtime/internal/failure";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import type { IncomingHeaders } from "@protobff/runtime/internal/identity/incoming-request";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { Confirmations } from "./confirmations.ts";
import type { MetadataHeaders } from "./era.ts";
import { RpcCode, RpcError, type RpcMessage } from "./json-rpc.ts";
import type { ResultText } from "./results.ts";
import type { ToolSet } from "./tool-set.ts";

export interface McpServerOptions {
  /** Package, or name of several packages. */
  readonly name: string;
  readonly tools: ToolSet;
  /** Undefined unless the list has the tools of search mode. */
  readonly search: Search | undefined;
  readonly registry: Registry;
  readonly identity: Identity<Message> | undefined;
  /** Values of the environment, for hidden arguments. */
  readonly env: unknown;
  /** Undefined if no tool needs a confirmation. */
  readonly confirmations: Confirmations | undefined;
  readonly challenge: Challenge;
  /** Aborted when the server begins to shut down: streams then end with their newest item. */
  readonly draining: AbortSignal;
  /** Receives the refusals of callers. */
  readonly observer?: Pick<Observer, "audit"> | undefined;
  /** Receives faults of the server itself. */
  readonly fault: (message: string, cause: unknown) => void;
}

/** The tools of search mode. */
export interface Search {
  /** As of `ToolSet`. */
  listFor(caller: Caller | undefined, authority: string | undefined): string;
  /** Returns the message with the call that it contains, unchanged if it contains none, or the answer to it. */
  resolve(
    message: RpcMessage,
    caller: Caller | undefined,
    authority: string | undefined,
  ): RpcMessage | RpcError | ResultText;
}

/** Returns the value of `www-authenticate`. */
type Challenge = (error?: "invalid_token" | "insufficient_scope", scopes?: readonly string[]) => string;

/** One message, and the client that waits for its result. */
export interface McpRequest {
  readonly message: RpcMessage;
  /** Its headers, with the verified caller. */
  readonly incoming: IncomingHeaders;
  /** Headers that repeat the body; undefined over standard input. */
  readonly metadata: MetadataHeaders | undefined;
  /** Host of the request; undefined over standard input. */
  readonly authority?: string | undefined;
  /** Receives the JSON of the result, without its braces. */
  readonly done: (members: string) => void;
  readonly failed: (error: RpcError) => void;
  /** Returns the receiver of a stream's items, for a client with a progress token. Undefined if it accepts no events. */
  readonly progress: (token: string | number) => ((json: string) => void) | undefined;
  /** Returns the failure of a call that an overloaded server refuses, by its `package.Service/Method`. */
  readonly shed?: ((method: string) => Failure | undefined) | undefined;
  /** Sends a request to the client. Undefined if the transport has no way back, or the client shows no forms. */
  readonly elicit?: Elicit | undefined;
}

/** @param answered receives the result; undefined for an error, and without an answer in time */
export type Elicit = (
  method: string,
  params: JsonObject,
  answered: (result: JsonValue | undefined) => void,
) => Answering;

/** Error of a request that the server itself fails. */
export const INTERNAL = new RpcError(RpcCode.INTERNAL, "internal error", { status: 500 });

/** Returns the error of a request without a credential. */
export const unauthenticated = (challenge: string): RpcError =>
  new RpcError(Code.UNAUTHENTICATED, "a credential is required", {
    status: 401,
    headers: ["www-authenticate", challenge],
  });

const STATUSES: ReadonlyMap<Code, number> = new Map([
  [Code.RESOURCE_EXHAUSTED, 429],
  [Code.PERMISSION_DENIED, 403],
  [Code.INTERNAL, 500],
]);
/** Returns the status of a failure over HTTP. */
export const statusOf = (code: Code): number => STATUSES.get(code) ?? 503;

/** Returns the error of a caller whose credential is refused or cannot be verified, or who calls too often. */
export function refused({ clientCode, clientMessage, headers = [] }: Failure, challenge: Challenge): RpcError {
  if (clientCode === Code.UNAUTHENTICATED)
    return new RpcError(clientCode, clientMessage, {
      status: 401,
      headers: ["www-authenticate", challenge("invalid_token")],
    });
  return new RpcError(clientCode, clientMessage, { status: statusOf(clientCode), headers });
}
