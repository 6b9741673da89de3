// Compares the items of a follower of a stream with the oracle.
import { type DescField, type DescMessage, fromBinary, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import type { TestFollow } from "../../packages/testing/src/follow.ts";
import type { GivenItem, StreamVerdict } from "../oracle/stream.ts";
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
  const told = isReset(schema, whole.items.at(-1));
  const got = told ? { ...whole, items: whole.items.slice(0, -1) } : whole;
  if (told !== (untold && positionField(schema) !== undefined)) return `it says that nothing holds any more: ${told}`;
  if (calls !== undefined) return `not made: ${calls.missing.map(({ method, request }) => `${method} ${request}`)}`;
  const shown = `${got.items.length} items, ${got.end}; wanted ${items.length}, ${end}`;
  for (const [i, message] of got.items.entries()) {
    const wanted = items[i];
    if (wanted === undefined) return `${shown}\nmore than there are: ${toJsonString(schema, message)}`;
    const fault = positionDiffers(schema, wanted, message, got.tokens[i]) ?? itemDiffers(schema, wanted, message);
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
  const said = reflect(schema, message).get(field);
  return isReflectMessage(said) && toJsonString(said.desc, said.message).includes('"beat":true');
}

function positionDiffers(
  schema: DescMessage,
  { position, reset }: GivenItem,
  message: Message,
  token?: string,
): string | undefined {
  if ((position === undefined) !== (token === undefined)) return `its token is ${token}`;
  const field = positionField(schema);
  if (field === undefined) return undefined;
  const said = reflect(schema, message).get(field);
  if (!isReflectMessage(said)) return "it has no position";
  const told = said.message as Message & { token: string; reset: boolean; beat: boolean };
  if (told.token !== (token ?? "") || told.beat)
    return `its position is ${JSON.stringify(told)}, and its token ${token}`;
  return told.reset === reset ? undefined : `its position says reset: ${told.reset}`;
}
function itemDiffers(schema: DescMessage, { answer }: GivenItem, message: Message): string | undefined {
  const copy = reflect(schema, fromBinary(schema, toBinary(schema, message)));
  const field = positionField(schema);
  if (field !== undefined) copy.clear(field);
  return answerDiffers(schema, answer, toBinary(schema, copy.message)).fault;
}
