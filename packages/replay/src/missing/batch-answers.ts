// Answers of batches with other keys than the captured ones, from the items of captured answers.
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  getOption,
  hasOption,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Batch, type Call, type MessageRule, message as messageOption } from "@protobff/messages/options.js";
import { type CapturedRequest, filesOf, isSecretField } from "@protobff/server/capture";
import { readCaptured } from "../capture/read-capture.ts";
import { type CapturedAttempt, capturedAnswers } from "../change/replay-changed.ts";
import type { AnswerEvent, SentAttempt } from "../tape/stage.ts";
import type { Declaration } from "../world/collect.ts";
import type { MissingAnswers, MissingCall, Supplied } from "./missing-answers.ts";

/** A captured call, and its end. */
interface CapturedCall extends MissingCall {
  readonly event: AnswerEvent | undefined;
  /** In microseconds. */
  readonly tookUs: number;
}

/** Returns the captured calls with the messages that the build which wrote them sends. */
export function capturedCalls(
  request: CapturedRequest,
  captured: readonly CapturedAttempt[],
  attempts: readonly SentAttempt[],
): readonly CapturedCall[] {
  const keyOf = ({ client, path, checksum }: CapturedAttempt): string => `${client} ${path} ${checksum}`;
  const messages = new Map(attempts.map((sent) => [keyOf(sent), sent.message]));
  return capturedAnswers(request, captured).flatMap(({ sent, event, tookUs }) => {
    const message = messages.get(keyOf(sent));
    return message === undefined ? [] : [{ client: sent.client, path: sent.path, message, event, tookUs }];
  });
}

/**
 * Returns the answers of batches whose keys the captured request has sent in other calls. Other calls have those of
 * `next`.
 */
export function batchAnswers(
  build: Declaration,
  calls: () => readonly CapturedCall[],
  next: MissingAnswers = async () => "",
): MissingAnswers {
  let all: readonly CapturedCall[] | undefined;
  return async (call) => {
    all ??= calls();
    const captured = all.filter(({ client, path }) => client === call.client && path === call.path);
    const form = captured.length === 0 ? undefined : knownForm(build, call.path);
    return (form && answerOf(form, call.message, captured)) ?? next(call);
  };
}

/** Fields of a batch. */
interface BatchForm {
  readonly method: DescMethod;
  readonly keys: DescField & { readonly fieldKind: "list" };
  readonly items: DescField & { readonly fieldKind: "list" | "map" };
  /** Field of an item. Undefined: the key of the map. */
  readonly key: DescField | undefined;
}

/** The form of each path, per build: its options are read once, not for each call. */
const forms = new WeakMap<Declaration, Map<string, BatchForm | undefined>>();
function knownForm(build: Declaration, path: string): BatchForm | undefined {
  const known = forms.get(build) ?? new Map<string, BatchForm | undefined>();
  forms.set(build, known);
  if (!known.has(path)) known.set(path, formOf(build, path));
  return known.get(path);
}

/** Returns the form of the batches of a method. Undefined: they have none, several, or keys from expressions. */
function formOf({ services, upstreams }: Declaration, path: string): BatchForm | undefined {
  const methods = Object.values(upstreams).flatMap((service) => service.methods);
  const method = methods.find(({ parent, name }) => `/${parent.typeName}/${name}` === path);
  const batches = [...filesOf(services).values()]
    .flatMap(({ messages }) => messages.flatMap(withNested))
    .flatMap((message) => (hasOption(message, messageOption) ? callsIn(getOption(message, messageOption)) : []))
    .flatMap((call) => (call.method === path.slice(1) && call.batch !== undefined ? [call.batch] : []));
  const [batch] = batches;
  const isAlike = (other: Batch): boolean => PARTS.every((part) => other[part] === batch?.[part]);
  if (method === undefined || batch === undefined || !batches.every(isAlike)) return undefined;
  const keys = method.input.fields.find(({ name }) => name === batch.name);
  const items = method.output.fields.find(({ name }) => name === batch.items);
  if (batch.wrap !== undefined || keys?.fieldKind !== "list" || keys.listKind === "message") return undefined;
  if (items?.fieldKind === "map") return { method, keys, items, key: undefined };
  if (items?.fieldKind !== "list") return undefined;
  const key = items.message?.fields.find(({ name }) => name === batch.key);
  return key === undefined || isSecretField(key) ? undefined : { method, keys, items, key };
}
const PARTS = ["name", "items", "key", "wrap", "keyBy"] as const;
const withNested = (message: DescMessage): readonly DescMessage[] => [
  message,
  ...message.nestedMessages.flatMap(withNested),
];
const callsIn = (rule: MessageRule): readonly Call[] =>
  rule.let.flatMap(({ source }) => {
    const { value } = source.case === "each" ? source.value.source : source;
    return typeof value === "object" && value.$typeName === "bff.v1.Call" ? [value] : [];
  });

/** Returns the answer from captured items. Undefined: a key has none, from a call whose other fields are the same. */
function answerOf(form: BatchForm, message: Uint8Array, calls: readonly CapturedCall[]): Supplied | undefined {
  const sent = requestOf(form, message);
  const ofKeys = new Map<string, CapturedAnswer>();
  for (const { event, message: captured, tookUs } of calls) {
    if (event?.[0] !== "reply" || event[7] !== undefined) continue;
    const { keys, rest } = requestOf(form, captured);
    if (rest !== sent.rest) continue;
    const answer = { ...itemsOf(form, Buffer.from(event[5], "base64")), tookUs };
    for (const key of keys) if (!ofKeys.has(key)) ofKeys.set(key, answer);
  }
  const answers = new Set(sent.keys.map((key) => ofKeys.get(key)));
  const [first, ...others] = answers;
  // Other fields of an answer may depend on the keys.
  if (first === undefined || others.some((other) => other?.rest !== first.rest)) return undefined;
  const { method, items } = form;
  const answer = decoded(method.output, Buffer.from(first.rest, "base64"));
  for (const key of new Set(sent.keys))
    for (const [at, item] of ofKeys.get(key)?.items.get(key) ?? [])
      if (items.fieldKind === "list") answer.get(items).add(item);
      else answer.get(items).set(at, item);
  const bytes = toBinary(method.output, answer.message);
  const tookUs = Math.max(...[...answers].map((other) => other?.tookUs ?? 0));
  return { kind: "batch", tookUs, deliver: (reply) => reply.replied(bytes, bytes.length) };
}

/** A captured answer: its items by their keys, and all else as base64. */
interface CapturedAnswer {
  readonly items: ReadonlyMap<string, readonly (readonly [at: never, item: never])[]>;
  readonly rest: string;
  readonly tookUs: number;
}

function itemsOf({ method, items, key }: BatchForm, bytes: Uint8Array): Omit<CapturedAnswer, "tookUs"> {
  const answer = decoded(method.output, bytes);
  const all = answer.get(items);
  const found = [...all.entries()] as unknown as (readonly [at: never, item: never])[];
  const keyOf = ([at, item]: readonly [at: unknown, item: ReflectMessage]): string =>
    textOf(key === undefined ? at : item.get(key));
  const ofKeys = Map.groupBy(found, keyOf);
  answer.clear(items);
  return { items: ofKeys, rest: Buffer.from(toBinary(method.output, answer.message)).toString("base64") };
}

/** Returns the keys of a batch, and all else of its request. */
function requestOf({ method, keys }: BatchForm, bytes: Uint8Array) {
  const request = decoded(method.input, bytes);
  const all = [...request.get(keys)].map(textOf);
  request.clear(keys);
  return { keys: all, rest: Buffer.from(toBinary(method.input, request.message)).toString("base64") };
}

const decoded = (desc: DescMessage, bytes: Uint8Array): ReflectMessage =>
  reflect(
    desc,
    readCaptured(`a ${desc.typeName}`, bytes, (read) => fromBinary(desc, read)),
  );
const textOf = (key: unknown): string => (key instanceof Uint8Array ? Buffer.from(key).toString("base64") : `${key}`);
