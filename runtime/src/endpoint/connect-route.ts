import type { DescMessage, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { type AnswerMetadata, answerHeaders } from "../admission/answer-metadata.ts";
import { type Degraded, joinedHeaders } from "../compose/degrade.ts";
import { Failure, OVER } from "../failure.ts";
import { AUTHENTICATED, INCOMING } from "./authentication-handler.ts";
import { connectError } from "./connect-error.ts";
import { JSON_ANSWER, jsonAssertion, requestsJson, whenWritten, writeFailure } from "./connect-json.ts";
import { CDN_TAGS, REACHED, STALE } from "./context-keys.ts";
import type { Endpoint } from "./endpoint-options.ts";
import type { LeftOut } from "./leave-out.ts";
import { assertWritable } from "./required-fields.ts";

/**
 * Returns an endpoint's `route` for its `run`. With a codec, the check whether a response can be written costs less.
 */
export function routeOf(method: DescMethodUnary, run: Endpoint["run"], codec?: Endpoint["codec"]): Endpoint["route"] {
  const { output } = method;
  const encode = codec?.encode ?? ((response: Message) => assertWritable(output, response));
  const assertJson = jsonAssertion(output);
  const handler = (args: Message, context: HandlerContext): Promise<Message> => {
    const answer = context.values.get(JSON_ANSWER);
    const isConnects = answer === undefined && requestsJson(context);
    const prepare: Written["prepare"] = (response, leftOut) => {
      if (isConnects) {
        const unsent = assertJson(response) ? undefined : whenWritten(output, response, context);
        return { sent: response, unsent };
      }
      const sent = answer?.sendable(response, leftOut) ?? response;
      encode(sent);
      return { sent, unsent: undefined };
    };
    return handle(run, { output, prepare }, args, context);
  };
  // The shapes are those of `method`; only the generic signature of Connect cannot see it.
  return (router) => void router.rpc(method, handler as never);
}

/** Message type of the responses, and the check whether they can be written. */
interface Written {
  readonly output: DescMessage;
  /**
   * Returns the message to send. Throws if it cannot be written. `unsent` is a promise if only Connect can decide: it
   * resolves with the failure, if there is one.
   */
  readonly prepare: (
    response: Message,
    leftOut: LeftOut,
  ) => { readonly sent: Message; readonly unsent: Promise<Failure | undefined> | undefined };
}

/** Serves one request of Connect's. */
function handle(
  run: Endpoint["run"],
  { output, prepare }: Written,
  args: Message,
  context: HandlerContext,
): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const { signal } = context;
  context.values.set(REACHED, true);
  let ended = false;
  const end = (): void => {
    ended = true;
    signal.removeEventListener("abort", onAbort);
  };
  const onAbort = (): void => {
    answering.cancel();
    reject(ConnectError.from(signal.reason ?? OVER.clientMessage, ConnectCode.Canceled));
  };
  const answering = run(
    args,
    context.values.get(AUTHENTICATED) ?? context.values.get(INCOMING) ?? context.requestHeader,
    context.timeoutMs(),
    (response, composed, metadata) => {
      end();
      let prepared: ReturnType<Written["prepare"]>;
      let degraded = composed;
      let lacking: Degraded | undefined;
      try {
        // Connect writes the response after this point and does not report errors.
        prepared = prepare(response, (fields) => {
          lacking = fields;
          degraded = joinedHeaders(composed, fields.header);
        });
      } catch (thrown) {
        const failure = thrown instanceof Failure ? thrown : writeFailure(output, response, thrown);
        reject(connectError(failure));
        return failure;
      }
      add(metadata, context, metadata && answerHeaders(metadata));
      if (metadata?.stale === true) context.values.set(STALE, true);
      if (metadata?.cdn !== undefined) context.values.set(CDN_TAGS, metadata.cdn);
      if (degraded !== "") context.responseHeader.set("bff-degraded", degraded);
      resolve(prepared.sent);
      return prepared.unsent ?? lacking;
    },
    (failure, metadata) => {
      end();
      add(metadata, context);
      reject(connectError(failure));
    },
  );
  if (signal.aborted) onAbort();
  else if (!ended) signal.addEventListener("abort", onAbort, { once: true });
  return promise;
}

function add(
  metadata: AnswerMetadata | undefined,
  context: HandlerContext,
  headers: readonly string[] = metadata?.headers ?? [],
): void {
  if (metadata === undefined) return;
  append(headers, context.responseHeader);
  append(metadata.trailers, context.responseTrailer);
}
function append(pairs: readonly string[], to: Headers): void {
  for (let i = 0; i + 1 < pairs.length; i += 2) to.append(pairs[i] ?? "", pairs[i + 1] ?? "");
}
