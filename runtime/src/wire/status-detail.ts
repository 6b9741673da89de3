import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { Reader, readMessage } from "./reader.ts";

const DETAILS_TAG = 26; // google.rpc.Status: repeated google.protobuf.Any details = 3

/**
 * Returns the first detail of this type in an encoded `google.rpc.Status`; undefined if there is none, or if the bytes
 * are invalid.
 */
export function statusDetail<Desc extends DescMessage>(status: Uint8Array, desc: Desc): MessageShape<Desc> | undefined {
  try {
    for (const any of details(status)) if (typeOf(any) === desc.typeName) return readMessage(desc, any.value);
  } catch {
    // Invalid details of an upstream count as none.
  }
  return undefined;
}

/**
 * Returns all details of an encoded `google.rpc.Status`: the full names of their types, and their bytes. None if the
 * bytes are invalid.
 */
export function statusDetails(status: Uint8Array): { type: string; value: Uint8Array<ArrayBuffer> }[] {
  try {
    return details(status).map((any) => ({ type: typeOf(any), value: new Uint8Array(any.value) }));
  } catch {
    return [];
  }
}

const typeOf = ({ typeUrl }: Any): string => typeUrl.slice(typeUrl.lastIndexOf("/") + 1);

function details(status: Uint8Array): Any[] {
  const found: Any[] = [];
  const reader = new Reader();
  reader.start(status);
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === DETAILS_TAG) found.push(reader.other(AnySchema));
    else reader.skipUnknown(tag);
  }
  reader.finish();
  return found;
}
