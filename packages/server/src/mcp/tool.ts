import type { JsonObject, Message } from "@bufbuild/protobuf";
import type { StaticPermit } from "@protobff/runtime/internal/admission/static-permit";

/** One tool for agents (MCP), as generated code declares it. */
export interface Tool<Principal = never, Env = never> {
  /** Name towards agents: `get_dashboard`. */
  readonly name: string;
  /** `package.Service/Method` */
  readonly method: string;
  readonly description: string;
  /** Set of tools that lists show first: `orders`. */
  readonly group?: string | undefined;
  /** True for an rpc with NO_SIDE_EFFECTS. */
  readonly readOnly: boolean;
  /** True for an rpc with NO_SIDE_EFFECTS or IDEMPOTENT. */
  readonly idempotent: boolean;
  /** JSON Schema 2020-12 of the arguments, without hidden fields. */
  readonly inputSchema: JsonObject;
  /** JSON Schema 2020-12 of the answer in ProtoJSON. */
  readonly outputSchema: JsonObject;
  /** The static part of the rpc's permit. Undefined: the rpc needs no identity. */
  readonly permit?: StaticPermit | undefined;
  /** True if the user confirms each call. */
  readonly confirm?: boolean | undefined;
  /** Fields of the principal that confirmations are bound to, in proto names. Default: the whole principal. */
  readonly caller?: readonly string[] | undefined;
  /** Maximum size of the answer's JSON, in bytes. */
  readonly maxBytes: number;
  /** Longest wait for the end of a stream, in milliseconds. Undefined: the first answer is the result. */
  readonly waitMs?: number | undefined;
  /** Paths of request fields that clients may not send, in proto names: `filter.tenant_id`. */
  readonly hidden?: readonly string[] | undefined;
  /** Sets the hidden fields that have a value. */
  readonly hide?: ((args: Message, cx: { readonly principal: Principal; readonly env: Env }) => void) | undefined;
  /** Request fields that make the answer smaller, in ProtoJSON names: a mask, a page size. */
  readonly narrow?: readonly string[] | undefined;
}
