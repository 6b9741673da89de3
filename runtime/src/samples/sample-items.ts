import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { sample } from "./sample.ts";
import { rulesOf } from "./wire-rules.ts";

/** Default number of items in a stream. */
const ITEMS = 3;

/**
 * Returns samples of a stream's items, always the same. Whole numbers of the item itself count from 1, so that each
 * item is distinct. Only the last item has its flags set. Fields with rules of buf.validate may differ.
 *
 * @example
 * sampleItems(RunEventSchema).map(({ percent }) => percent); // [1, 2, 3]
 */
export function sampleItems<Desc extends DescMessage>(desc: Desc): readonly MessageShape<Desc>[] {
  return Array.from({ length: ITEMS }, (_, i) => sampleItem(desc, i + 1));
}

function sampleItem<Desc extends DescMessage>(desc: Desc, number: number): MessageShape<Desc> {
  const message = reflect(desc, sample(desc));
  for (const field of desc.fields) {
    if (field.fieldKind !== "scalar" || field.oneof !== undefined || rulesOf(field) !== undefined) continue;
    const value = message.get(field);
    if (value === 1 || value === 1n) message.set(field, typeof value === "bigint" ? BigInt(number) : number);
    else if (value === true) message.set(field, number === ITEMS);
  }
  return message.message as MessageShape<Desc>;
}
