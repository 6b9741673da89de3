import type { DescMessage, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { type AnswerMetadata, answerHeaders } from "../admission/answer-metadata.ts";
import { type Failure, OVER } from "../failure.ts";
import { AUTHENTICATED, INCOMING } from "./authentication-handler.ts";
import { connectError } from "./connect-error.ts";
import { JSON_ANSWER, JSON_OPTIONS, jsonAssertion, requestsJson, whenWritten, writeFailure } from "./connect-json.ts";
import { CDN_TAGS, REACHED, STALE } from "./context-keys.ts";
import type { Endpoint } from "./endpoint-options.ts";
import { assertWritable } from "./required-fields.ts";

/**
 * Returns an endpoint's `route` for its `run`. With a codec, the check whether a response can be written costs less.
 */
export function routeOf(method: DescMethodUnary, run: Endpoint["run"], codec?: Endpoint["codec"]): Endpoint["route"] {
  const { output } = method;
  const encode = codec?.encode ?? ((response: Message) => assertWritable(output, response));
  const binary = (response: Message): undefined => void encode(response);
  const assertJson = jsonAssertion(output);
  const handler = (args: Message, context: HandlerContext): Promise<Message> => {
    const json = (response: Message): Promise<Failure | undefined> | undefined =>
      assertJson(response, context.values.get(JSON_OPTIONS)) ? undefined : whenWritten(output, response, context);
    const answer = context.values.get(JSON_ANSWER);
    const both = (response: Message): undefined => {
      if (answer !== undefined) answer.written = answer.write(response);
      binary(response);
    };
    const assert = answer === undefined && requestsJson(context) ? json : both;
    return handle(run, { output, assert }, args, context);
  };
  // The shapes are those of `method`; only the generic signature of Connect cannot see it.
  return (router) => void router.rpc(method, handler as never);
}

/** Message type of the responses, and the check whether they can be written. */
interface Written {
  readonly output: DescMessage;
  /**
   * Throws if a response cannot be written. Returns a promise if only Connect can decide: it resolves with the failure,
   * if there is one.
   */
  readonly assert: (response: Message) => Promise<Failure | undefined> | undefined;
}

/** Serves one request of Connect's. */
function handle(
  run: Endpoint["run"],
  { output, assert }: Written,
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
    (response, degraded, metadata) => {
      end();
      let unsent: Promise<Failure | undefined> | undefined;
      try {
        // Connect writes the response after this point and does not report errors.
        unsent = assert(response);
      } catch (thrown) {
        const failure = writeFailure(output, response, thrown);
        reject(connectError(failure));
        return failure;
      }
      add(metadata, context, metadata && answerHeaders(metadata));
      if (metadata?.stale === true) context.values.set(STALE, true);
      if (metadata?.cdn !== undefined) context.values.set(CDN_TAGS, metadata.cdn);
      if (degraded !== "") context.responseHeader.set("bff-degraded", degraded);
      resolve(response);
      return unsent;
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
