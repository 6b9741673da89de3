// Compares a response in parts with the oracle: together its messages are the whole, and each has exactly its declared
// content.
import { create, type DescMessage, type Message, mergeFromBinary, toBinary } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import type { TestFollow } from "../../../packages/testing/src/follow.ts";
import {
  type AnswerVerdict,
  answerDiffers,
  degradedField,
  mismatch,
  partsField,
  type Verdict,
} from "../oracle/verdict.ts";

export interface InParts {
  readonly messages: readonly Message[];
  readonly failed: { readonly code: number; readonly message: string } | undefined;
}
export async function inParts(follow: TestFollow<Message>): Promise<InParts> {
  const messages: Message[] = [];
  try {
    for await (const message of follow) messages.push(message);
    return { messages, failed: undefined };
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    return { messages, failed: { code: thrown.code, message: thrown.rawMessage } };
  }
}

/** Returns the difference; undefined if there is none. */
export function partsDiffer(verdict: Verdict, { messages, failed }: InParts): string | undefined {
  if (failed !== undefined)
    return messages.length > 0
      ? `fails behind ${messages.length} messages: ${failed.code} "${failed.message}"`
      : mismatch(verdict, { kind: "status", ...failed });
  const answer = verdict.acceptable.find((outcome): outcome is AnswerVerdict => outcome.kind === "answer");
  // The mismatch lists the missing and the wrong calls.
  if (answer === undefined || verdict.missing.length > 0 || verdict.unasked.length > 0)
    return mismatch(verdict, { kind: "answer", message: new Uint8Array(), degradedHeader: undefined });
  const { schema } = verdict;
  return piecesDiffer(schema, messages) ?? answerDiffers(schema, answer, mergedParts(schema, messages, answer)).fault;
}

/** The messages of a stream as one, and what is degraded in it as the answer has it: it comes with the parts, in any order. */
export function mergedParts(schema: DescMessage, messages: readonly Message[], answer: AnswerVerdict): Uint8Array {
  const whole = create(schema);
  for (const part of messages) mergeFromBinary(schema, whole, toBinary(schema, part));
  const field = degradedField(schema);
  if (field !== undefined) {
    const list = reflect(schema, whole).get(field);
    const order = answer.entries.map(({ path }) => path);
    const path = (entry: unknown): string => String((entry as { message: { path: string } }).message.path);
    const sorted = [...list].sort((a, b) => order.indexOf(path(a)) - order.indexOf(path(b)));
    list.clear();
    for (const entry of sorted) list.add(entry);
  }
  return toBinary(schema, whole);
}

/** Each message has the fields of the parts that it names, the first one what is in no part too, and nothing else; no part comes twice. */
function piecesDiffer(schema: DescMessage, messages: readonly Message[]): string | undefined {
  const named = messages.map((message) => pathsOf(schema, message, partsField(schema), "name"));
  const seen = new Set<string>();
  for (const name of named.flat()) {
    if (seen.has(name)) return `part ${name} comes twice`;
    seen.add(name);
  }
  for (const [at, message] of messages.entries()) {
    const partNames = new Set(named[at]);
    if (at > 0 && partNames.size === 0) return `message ${at} brings no part`;
    const degraded = pathsOf(schema, message, degradedField(schema), "path").map((path) =>
      path.replace(/\[.*?\](?=[.[]|$)/g, ""),
    );
    const lost = degraded.find((path) => !belongs(path, at === 0, partNames, seen));
    if (lost !== undefined) return `message ${at} says that ${lost} is degraded, and has ${[...partNames]} alone`;
    // A message is there for its parts, be they empty.
    const holds = (path: string): boolean => [...partNames].some((name) => name.startsWith(`${path}.`));
    const set = [...setIn(reflect(schema, message), "")];
    const wrong = set.find((path) => !belongs(path, at === 0, partNames, seen) && !holds(path));
    if (wrong !== undefined) return `message ${at} has ${wrong}, and says ${[...partNames]}`;
  }
  return undefined;
}
function belongs(path: string, first: boolean, partNames: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  const within = (names: ReadonlySet<string>): boolean =>
    path.split(".").some((_, i, parts) => names.has(parts.slice(0, i + 1).join(".")));
  return within(partNames) || (first && !within(all));
}
/** Paths of what is set: of messages in fields what is set in them. */
function* setIn(message: ReflectMessage, around: string): Iterable<string> {
  for (const field of message.fields) {
    const type = field.message?.typeName;
    if (!message.isSet(field) || type === "bff.v1.Part" || type === "bff.v1.Degradation") continue;
    const value = field.fieldKind === "message" ? message.get(field) : undefined;
    const inside = isReflectMessage(value) ? [...setIn(value, `${around}${field.name}.`)] : [];
    // A message may be there for what is set in it.
    if (inside.length > 0) yield* inside;
    else yield `${around}${field.name}`;
  }
}

function pathsOf(schema: DescMessage, message: Message, field: ReturnType<typeof partsField>, name: string): string[] {
  const of = field?.message.fields.find((candidate) => candidate.name === name);
  if (field === undefined || of === undefined) return [];
  return [...reflect(schema, message).get(field)].flatMap((item) =>
    isReflectMessage(item) ? [String(item.get(of))] : [],
  );
}
