// The compositions that all peers serve. The peers differ only in serving and calling, so the figures compare nothing
// else.
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Degradation_Effect, Degradation_Reason } from "@protobff/messages/bff/v1/degradation_pb.js";

/** One request, as composing code sees it. */
export interface Caller {
  /** Returns a header of the incoming request; "" when absent. */
  header(name: string): string;
  /**
   * One upstream call, with the headers in {@link FORWARDED}, within `timeoutMs` and what is left of the request's own deadline, cancelled
   * when the client leaves or the response has failed. Rejects with an error that has gRPC's `code`.
   */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    timeoutMs: number,
  ): Promise<MessageShape<O>>;
}

export const FORWARDED = ["authorization", "x-request-id"];

/** One rpc, composed by hand. */
export interface Composition<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  /** Timeout of the whole response, in milliseconds. */
  readonly timeoutMs: number;
  readonly compose: (caller: Caller, request: MessageShape<I>) => Promise<MessageInitShape<O>>;
}

/** Any of them, for those who serve without knowing which. */
export type AnyComposition = Composition<DescMessage, DescMessage>;

export function composition<I extends DescMessage, O extends DescMessage>(
  definition: Composition<I, O>,
): AnyComposition {
  return definition as unknown as AnyComposition;
}

/** Share of a budget that calls may use. The other tenth is for composing, so that a partial answer leaves in time. */
export const CALL_SHARE = 0.9;

export interface Missing {
  readonly path: string;
  readonly upstream: string;
  readonly effect: Degradation_Effect;
  readonly reason: Degradation_Reason;
}

const DEADLINE_EXCEEDED = 4;

/** Parts of a response without which it is still of use; what fails is remembered. */
export class Parts {
  readonly missing: Missing[] = [];

  async optional<Value>(path: string, upstream: string, value: Promise<Value>): Promise<Value | undefined> {
    try {
      return await value;
    } catch (error) {
      const late = error instanceof Error && "code" in error && error.code === DEADLINE_EXCEEDED;
      const reason = late ? Degradation_Reason.TIMEOUT : Degradation_Reason.UNAVAILABLE;
      this.missing.push({ path, upstream, effect: Degradation_Effect.MISSING, reason });
      return undefined;
    }
  }
}
