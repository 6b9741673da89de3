// Messages of both directions over a WebSocket: each is one JSON object.
import { isMembers, type JsonTree, NumberText } from "@protobff/runtime/internal/json/json-tree";
import { parseExact } from "@protobff/runtime/internal/json/parse-exact";

export const SUBPROTOCOL = "bff.v1.json";

/** A message of a client. */
export type ClientMessage =
  | {
      readonly kind: "follow";
      readonly id: number;
      /** `package.Service/Method`. */
      readonly rpc: string;
      /** As JSON has it. */
      readonly request: JsonTree;
      readonly resume: string | undefined;
      /** Credential in place of the header, which no page can set for a WebSocket. */
      readonly authorization: string | undefined;
    }
  /** @param count of the items of this follow that it has taken, from its beginning */
  | { readonly kind: "ack"; readonly id: number; readonly count: number }
  | { readonly kind: "cancel"; readonly id: number };

/** @returns a text where it makes no sense: what is wrong with it */
export function readClientMessage(text: string): ClientMessage | string {
  let json: JsonTree;
  try {
    json = parseExact(text);
  } catch {
    return "a message is one JSON object";
  }
  if (!isMembers(json)) return "a message is one JSON object";
  const { follow, request = {}, resume, authorization, cancel } = json;
  const id = countOf(json.id);
  if (id === undefined) return "id is to be a whole number";
  if (typeof follow === "string") {
    if (!isText(resume) || !isText(authorization)) return "resume and authorization are to be text";
    return {
      kind: "follow",
      id,
      rpc: follow,
      request,
      resume: resume || undefined,
      authorization,
    };
  }
  if (cancel === true) return { kind: "cancel", id };
  const count = countOf(json.ack);
  if (count !== undefined) return { kind: "ack", id, count };
  return "a message has follow, ack or cancel";
}
/** Returns a number from 0; undefined for another value. */
function countOf(json: JsonTree | undefined): number | undefined {
  const count = json instanceof NumberText ? Number(json.text) : Number.NaN;
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}
const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === "string";

/** `{"id":…,"token":…,"item":…}` */
export function itemMessage(id: number, token: string | undefined, item: Uint8Array): Buffer {
  const head = Buffer.from(`{"id":${id}${tokenField(token)},"item":`);
  const bytes = Buffer.allocUnsafe(head.length + item.length + 1);
  head.copy(bytes);
  bytes.set(item, head.length);
  bytes[bytes.length - 1] = 0x7d; // }
  return bytes;
}
export const openedMessage = (id: number): Buffer => Buffer.from(`{"id":${id},"opened":true}`);
export const tokenMessage = (id: number, token: string): Buffer => Buffer.from(`{"id":${id}${tokenField(token)}}`);
export const endMessage = (id: number): Buffer => Buffer.from(`{"id":${id},"end":true}`);
export const errorMessage = (id: number, error: Uint8Array, token: string | undefined): Buffer =>
  Buffer.from(`{"id":${id}${tokenField(token)},"error":${Buffer.from(error).toString()}}`);
/** Message with the interval of the signs of life, in milliseconds. */
export const beatMessage = (everyMs: number): Buffer => Buffer.from(`{"beat":${everyMs}}`);

const tokenField = (token: string | undefined): string =>
  token === undefined ? "" : `,"token":${JSON.stringify(token)}`;
