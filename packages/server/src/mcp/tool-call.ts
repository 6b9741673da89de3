// One call of a tool: the rpc runs as for every other client, and its answer becomes a result.
import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import type { Degraded } from "@protobff/runtime/internal/compose/degrade";
import type { Answering, Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { LeftOut } from "@protobff/runtime/internal/endpoint/leave-out";
import { asFailure } from "@protobff/runtime/internal/failure";
import type { IncomingHeaders } from "@protobff/runtime/internal/identity/incoming-request";
import { answer, degradedText, failureText, type ResultText, tooLargeText, toolError } from "./results.ts";
import type { ServedTool } from "./tool-set.ts";

/** A call whose caller is admitted and whose arguments are read. */
export interface ToolCall {
  readonly served: ServedTool;
  readonly args: Message;
  readonly headers: IncomingHeaders;
  readonly registry: Registry;
  /** As of `McpServerOptions`. */
  readonly draining: AbortSignal;
  readonly done: (result: ResultText) => void;
}

/** Calls a unary rpc. */
export function callUnary({ run, method }: Endpoint, call: ToolCall): Answering {
  const { args, headers, done } = call;
  return run(
    args,
    headers,
    undefined,
    (response, degraded) => {
      try {
        let lacking: Degraded | undefined;
        const leftOut = (fields: Degraded): void => {
          lacking = fields;
        };
        done(resultOf(method.output, response, degraded, { served: call.served, leftOut }));
        return lacking;
      } catch (thrown) {
        const failure = asFailure(thrown);
        done(toolError(failureText(failure)));
        return failure;
      }
    },
    (failure) => done(toolError(failureText(failure))),
  );
}

/**
 * Returns the result of an answer, or the error of one that is too large.
 *
 * @param degraded value of `bff-degraded`, "" for none
 * @param notes texts for the model besides the answer
 * @throws a `Failure` for a message without JSON
 */
export function resultOf(
  desc: DescMessage,
  response: Message,
  degraded: string,
  { served, leftOut }: Pick<ToolCall, "served"> & { readonly leftOut: LeftOut | undefined },
  notes: readonly string[] = [],
): ResultText {
  let lacking: Degraded | undefined;
  const json = served.write(response, (fields) => {
    lacking = fields;
    leftOut?.(fields);
  });
  const { maxBytes, narrow = [] } = served.tool;
  const bytes = json.length * MAX_UTF8_BYTES > maxBytes ? Buffer.byteLength(json) : 0;
  if (bytes > maxBytes) return toolError(tooLargeText(bytes, maxBytes, narrow));
  const words = degradedText(desc, response, degraded, lacking);
  return answer(json, words === "" ? notes : [words, ...notes]);
}

/** Maximum number of bytes of a UTF-16 code unit in UTF-8. */
const MAX_UTF8_BYTES = 3;

/** Returns the result of whatever was thrown. */
export const thrownResult = (thrown: unknown): ResultText => toolError(failureText(asFailure(thrown)));
