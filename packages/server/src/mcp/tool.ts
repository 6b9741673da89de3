import type { JsonObject, Message } from "@bufbuild/protobuf";

/** One tool for agents (MCP), as generated code declares it. */
export interface Tool<Principal = never, Env = never> {
  /** Name towards agents: `get_dashboard`. */
  readonly name: string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly description: string;
  /** True for an rpc with NO_SIDE_EFFECTS. */
  readonly readOnly: boolean;
  /** True for an rpc with NO_SIDE_EFFECTS or IDEMPOTENT. */
  readonly idempotent: boolean;
  /** JSON Schema 2020-12 of the arguments, without hidden fields. */
  readonly inputSchema: JsonObject;
  /** JSON Schema 2020-12 of the answer in ProtoJSON. */
  readonly outputSchema: JsonObject;
  /** The static part of the rpc's permit. Undefined: the rpc needs no identity. */
  readonly permit?: ToolPermit | undefined;
  /** True if the user confirms each call. */
  readonly confirm?: boolean | undefined;
  /** Maximum size of the answer's JSON, in bytes. */
  readonly maxBytes: number;
  /** Longest wait for the end of a stream, in milliseconds. Undefined: the rpc is unary. */
  readonly waitMs?: number | undefined;
  /** Paths of request fields that clients may not send, in proto names: `filter.tenant_id`. */
  readonly hidden?: readonly string[] | undefined;
  /** Sets the hidden fields that have a value. */
  readonly hide?: ((args: Message, cx: { readonly principal: Principal; readonly env: Env }) => void) | undefined;
  /** Request fields that make the answer smaller, in ProtoJSON names: a mask, a page size. */
  readonly narrow?: readonly string[] | undefined;
}

/** The callers of an rpc that its permit admits by their credential alone. */
export interface ToolPermit {
  readonly public?: true;
  readonly sources?: readonly string[];
  readonly scopes?: readonly string[];
  readonly roles?: readonly (readonly string[])[];
}
