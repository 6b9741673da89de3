// Description of a BFF for the load test: its protos, its upstreams, and requests to it.
import type { DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { Endpoint, Observer, UnaryClient } from "@protobff/runtime";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import type { Resolvers } from "../oracle/response.ts";

/** Rates of the upstreams' faults: shares of all calls, from 0 to 1. */
export interface Faults {
  readonly seed: number;
  readonly failing: number;
  readonly hanging: number;
}

/** One attempt as an upstream saw it. */
export interface Attempt {
  /** "pkg.Service/Method" */
  readonly method: string;
  readonly request: Uint8Array;
  /** `x-request-id` as it arrived, "" when it was not passed on. */
  readonly requestId: string;
  /** The answer's bytes; undefined when there was none, or no good one. */
  readonly response: Uint8Array | undefined;
}

/** Converts the log of a fake upstream into attempts. */
export function attemptsOf(
  calls: readonly (Omit<Attempt, "requestId"> & { readonly headers: ReadonlyMap<string, string> | Headers })[],
): Attempt[] {
  return calls.map(({ method, request, headers, response }) => ({
    method,
    request,
    response,
    requestId: headers.get("x-request-id") ?? "",
  }));
}

export interface Upstreams {
  /** Address by full service name. */
  readonly urls: Readonly<Record<string, string>>;
  attempts(): readonly Attempt[];
  close(): Promise<void>;
}

export interface BffRequest {
  readonly method: DescMethodUnary;
  readonly message: Message;
  /** Without `x-request-id`, which the load test sets. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Inputs of a BFF's generation. */
export interface Protos {
  readonly name: string;
  /** All protos but bff/v1, by name. */
  readonly protos: Readonly<Record<string, string>>;
  /** The files that declare it. */
  readonly targets: readonly string[];
}

export interface Bff extends Protos {
  /** Values of its environment variables as CEL has them, ints as bigint. */
  readonly env: Readonly<Record<string, unknown>>;
  /** Functions of its resolvers: for the generated code, and for the oracle. */
  readonly resolvers?: { readonly functions: object; readonly oracle: Resolvers };
  startUpstreams(faults: Faults): Promise<Upstreams>;
  request(ir: Ir, number: number, seed: number): BffRequest;
  /** Written by hand; without it the plugin generates them from the protos. */
  endpoints?(client: UnaryClient, observer: Observer): readonly Endpoint[];
}
