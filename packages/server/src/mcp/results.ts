// Results of tools/call: answers, and failures that the model can act on. Text of upstreams stands only in JSON strings.
import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { type Degradation, Degradation_Effect as Effect } from "@protobff/messages/bff/v1/degradation_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { type Degraded, joinedHeaders } from "@protobff/runtime/internal/compose/degrade";
import { detailIn } from "@protobff/runtime/internal/error-info";
import { codeName, type Failure } from "@protobff/runtime/internal/failure";
import { ViolationsDetail } from "@protobff/runtime/internal/validate/violations";
import { allDetails } from "../headers/error-details.ts";
import { cut } from "./json-rpc.ts";

/** Maximum number of violations in the text of an error: a model corrects all of them at once. */
const MAX_VIOLATIONS = 20;
/** Maximum length of their text, in bytes. */
const MAX_VIOLATIONS_TEXT = 4_096;

/** JSON of a result of tools/call, without its braces: its text is copied once, into the answer. */
export type ResultText = string;

/**
 * Returns an answer.
 *
 * @param json of the rpc's response
 * @param notes texts for the model, besides the answer
 */
export function answer(json: string, notes: readonly string[] = []): ResultText {
  let content = textContent(json); // no array: its join would copy the text once more
  for (const note of notes) content += `,${textContent(note)}`;
  return `"content":[${content}],"structuredContent":${json}`;
}
/** Returns a failure of the tool, which the model sees. */
export const toolError = (text: string): ResultText => `"content":[${textContent(text)}],"isError":true`;

const textContent = (text: string): string => `{"type":"text","text":${JSON.stringify(text)}}`;

/** Returns the reason of a failure, as in google.rpc.ErrorInfo. */
export const reasonOf = (failure: Failure): string | undefined =>
  detailIn(allDetails(failure, undefined), ErrorInfoSchema)?.reason;

/** Returns the failure of an rpc: its code and message or violations, the reason, and the time of a retry. */
export function failureText(failure: Failure | ConnectError): string {
  const [code, message] =
    "clientCode" in failure ? [failure.clientCode, failure.clientMessage] : [failure.code, failure.rawMessage];
  const details = allDetails(failure, undefined);
  const info = detailIn(details, ErrorInfoSchema);
  const retry = detailIn(details, RetryInfoSchema)?.retryDelay;
  const violations = details.find((detail) => detail instanceof ViolationsDetail)?.text(MAX_VIOLATIONS);
  const seconds = retry === undefined ? undefined : Number(retry.seconds) + (retry.nanos > 0 ? 1 : 0);
  return [
    `${codeName(code)}: ${violations === undefined ? message : cut(violations, MAX_VIOLATIONS_TEXT)}`,
    ...(info === undefined ? [] : [`Reason: ${info.reason}`]),
    ...(seconds === undefined ? [] : [`Call again after ${seconds} s.`]),
  ].join("\n");
}

/** Parts of the sentence about an answer, by what a failure did to a field. */
const WORDS: readonly (readonly [Effect, string])[] = [
  [Effect.MISSING, "Not known right now"],
  [Effect.REPLACED, "Replaced by a default"],
  [Effect.INCOMPLETE, "Incomplete"],
  [Effect.STALE, "Older than usual"],
];

/**
 * Returns the sentences about the degraded fields of an answer, "" for none.
 *
 * @param composed value of `bff-degraded`: paths, for an answer without a field for its degradations
 * @param leftOut fields that JSON does not have
 */
export function degradedText(
  desc: DescMessage,
  message: Message,
  composed: string,
  leftOut: Degraded | undefined,
): string {
  const field = desc.fields.find(({ message: of }) => of?.typeName === "bff.v1.Degradation");
  const header = joinedHeaders(composed, leftOut?.header ?? "");
  if (field === undefined)
    return header === "" ? "" : `Not known right now, or not as usual: ${header.replaceAll(",", ", ")}.`;
  const inMessage = (message as unknown as Record<string, readonly Degradation[]>)[field.localName] ?? [];
  const entries = [...inMessage, ...(leftOut?.entries ?? [])];
  return WORDS.flatMap(([effect, words]) => {
    const paths = entries.filter((entry) => entry.effect === effect).map(shown);
    return paths.length === 0 ? [] : [`${words}: ${paths.join(", ")}.`];
  }).join(" ");
}
const shown = ({ path, age }: Degradation): string => (age === undefined ? path : `${path} (${age.seconds} s)`);

/** Returns the failure of an answer that is too large, with the ways to make it smaller. */
export function tooLargeText(bytes: number, most: number, narrow: readonly string[]): string {
  const ways = narrow.length === 0 ? "Request less." : `Set ${narrow.join(" or ")} for a smaller answer.`;
  return `RESOURCE_EXHAUSTED: the answer has ${bytes} bytes, and at most ${most} fit. ${ways}`;
}
