// Compares the items of a follower of a stream with the oracle.
import { type DescField, type DescMessage, fromBinary, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import type { TestFollow } from "../../../packages/testing/src/follow.ts";
import type { StreamItem, StreamVerdict } from "../oracle/stream.ts";
import { answerDiffers } from "../oracle/verdict.ts";

export interface Followed {
  readonly items: readonly Message[];
  readonly tokens: readonly (string | undefined)[];
  readonly end: "ended" | number;
}
export async function followed(follow: TestFollow<Message>): Promise<Followed> {
  const [items, tokens]: [Message[], (string | undefined)[]] = [[], []];
  try {
    for await (const item of follow) {
      items.push(item);
      tokens.push(follow.token);
    }
    return { items, tokens, end: "ended" };
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    return { items, tokens, end: thrown.code };
  }
}

/** Returns the difference; undefined if there is none. */
export function different({ schema, items, end, calls, untold }: StreamVerdict, whole: Followed): string | undefined {
  const hasReset = isReset(schema, whole.items.at(-1));
  const got = hasReset ? { ...whole, items: whole.items.slice(0, -1) } : whole;
  if (hasReset !== (untold && positionField(schema) !== undefined))
    return `it says that nothing holds any more: ${hasReset}`;
  if (calls !== undefined) return `not made: ${calls.missing.map(({ method, request }) => `${method} ${request}`)}`;
  const shown = `${got.items.length} items, ${got.end}; wanted ${items.length}, ${end}`;
  for (const [i, message] of got.items.entries()) {
    const expected = items[i];
    if (expected === undefined) return `${shown}\nmore than there are: ${toJsonString(schema, message)}`;
    const fault = positionDiffers(schema, expected, message, got.tokens[i]) ?? itemDiffers(schema, expected, message);
    if (fault !== undefined) return `${shown}\nitem ${i}: ${fault}`;
  }
  const ended = end === "ended" ? got.end === end : got.end !== "ended" && end.includes(got.end);
  return ended && got.items.length === items.length ? undefined : shown;
}
const positionField = (schema: DescMessage): DescField | undefined =>
  schema.fields.find(({ message }) => message?.typeName === "bff.v1.Position");

/** Reports whether a message is a reset: it invalidates the earlier items, and is no item. */
function isReset(schema: DescMessage, message: Message | undefined): boolean {
  const field = positionField(schema);
  if (field === undefined || message === undefined) return false;
  const value = reflect(schema, message).get(field);
  return isReflectMessage(value) && toJsonString(value.desc, value.message).includes('"beat":true');
}

function positionDiffers(
  schema: DescMessage,
  { position, reset }: StreamItem,
  message: Message,
  token?: string,
): string | undefined {
  if ((position === undefined) !== (token === undefined)) return `its token is ${token}`;
  const field = positionField(schema);
  if (field === undefined) return undefined;
  const value = reflect(schema, message).get(field);
  if (!isReflectMessage(value)) return "it has no position";
  const actual = value.message as Message & { token: string; reset: boolean; beat: boolean };
  if (actual.token !== (token ?? "") || actual.beat)
    return `its position is ${JSON.stringify(actual)}, and its token ${token}`;
  return actual.reset === reset ? undefined : `its position says reset: ${actual.reset}`;
}
function itemDiffers(schema: DescMessage, { answer }: StreamItem, message: Message): string | undefined {
  const copy = reflect(schema, fromBinary(schema, toBinary(schema, message)));
  const field = positionField(schema);
  if (field !== undefined) copy.clear(field);
  return answerDiffers(schema, answer, toBinary(schema, copy.message)).fault;
}
