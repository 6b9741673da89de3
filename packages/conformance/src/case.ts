// The form of a case, as a line of `cases/<section>.jsonl` has it.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Caller } from "./issuer.ts";

/** Behaviour of an upstream for a call. The first rule whose `when` the request contains applies. */
export interface Rule {
  /** Members that the request has, in ProtoJSON. Default: any request. */
  readonly when?: JsonObject;
  /** The rule applies to one call only. */
  readonly once?: true;
  /** The response, in ProtoJSON. Default: an empty one. */
  readonly answer?: JsonObject;
  /** The response keeps only items of this list or map whose `key` the request's list `by` contains. */
  readonly select?: { readonly items: string; readonly by: string; readonly key: string };
  /** Messages of a stream, in place of `answer`. */
  readonly items?: readonly JsonObject[];
  /** Status of the call, after `items`. `who`: its detail `up.v1.Blame`. */
  readonly fail?: { readonly code: number; readonly message?: string; readonly who?: string };
  /** Error code of the RST_STREAM that ends the call. */
  readonly reset?: number;
  /** The call never ends by itself. */
  readonly hang?: true;
  /** Milliseconds before the answer. */
  readonly delay?: number;
  /** The answer waits until a call of this method has arrived. */
  readonly until?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly trailers?: Readonly<Record<string, string>>;
  /** Over HTTP with JSON: the status, 404 with `fail` and 200 otherwise; the body in place of `answer`; its type. */
  readonly http?: { readonly status?: number; readonly text?: string; readonly type?: string };
}

type Sent = string | null;

/** Rules by "Service/Method" of the package `up.v1`; by "HTTP" for calls over HTTP with JSON. */
export type Script = Readonly<Record<string, readonly Rule[]>>;

/** Response at the client. */
export interface Expected {
  /** The response without its degradations, in ProtoJSON. */
  readonly answer?: JsonValue;
  /** The HTTP status of a request by `rest`. */
  readonly http?: number;
  /** Messages of a stream, each without its degradations. */
  readonly messages?: readonly JsonObject[];
  /** In place of `messages`: all of them merged, and the first one. */
  readonly merged?: JsonObject;
  readonly first?: JsonObject;
  /** Degradations of the last message: "path EFFECT REASON upstream"; " xN" follows if one entry represents N fields. */
  readonly degraded?: readonly string[];
  /** The status. `message` and `details` count where they are present. */
  readonly status?: {
    readonly code: number;
    readonly message?: string;
    readonly details?: readonly JsonValue[];
  };
  /** Headers of the response; of an error by gRPC, headers and trailers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ranges of headers that are numbers. */
  readonly ranges?: Readonly<Record<string, readonly [least: number, most: number]>>;
  /** Milliseconds from the request to the end of the response. */
  readonly ms?: readonly [least: number, most: number];
}

/** One request and its response. */
export interface Play extends Expected {
  readonly request?: JsonObject;
  /** In place of `request`: a request to a path of REST, as "GET /v1/x", over HTTP/1.1. */
  readonly rest?: { readonly call: string; readonly body?: JsonValue; readonly text?: string; readonly type?: string };
  /** The caller whose token the request has. */
  readonly caller?: Caller;
  /** Message of the previous response behind which the stream resumes, by position. */
  readonly resume?: number;
  /** Milliseconds before the request. */
  readonly wait?: number;
  readonly headers_sent?: Readonly<Record<string, string>>;
  /** The client's deadline in milliseconds. */
  readonly timeout?: number;
}

export interface Case extends Play {
  readonly id: string;
  /** Sentences of SPEC.md. */
  readonly holds: readonly string[];
  /** "package.Service/Method" without the leading "conformance.". */
  readonly rpc: string;
  /** Cases with one name never run at the same time. */
  readonly turn?: string;
  /** Rules that precede those of the world. */
  readonly upstreams?: Script;
  /** Further requests, one after the other. */
  readonly then?: readonly Play[];
  /** Numbers of the upstreams' calls by "Service/Method request". Any other call is a difference. */
  readonly calls: Readonly<Record<string, number | readonly [least: number, most: number]>>;
  /** Pairs of beginnings of keys of `calls`: the second call begins after the first has ended. */
  readonly order?: readonly (readonly [string, string])[];
  /** Metadata of calls by beginnings of their keys; null: absent; a list: of one call after the other. */
  readonly sent?: Readonly<Record<string, Readonly<Record<string, Sent | readonly Sent[]>>>>;
  /** Ranges of the deadlines of calls in milliseconds, by beginnings of their keys. */
  readonly deadlines?: Readonly<Record<string, readonly [least: number, most: number]>>;
  /** Beginnings of keys of calls that the server cancels. */
  readonly cancelled?: readonly string[];
}
