// proto2's `required`: a message without a required field cannot be written, which must be found before an answer has
// begun.
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { holdsField } from "../wire/holds-field.ts";

/** Reports whether a message of the type, or one inside of it, may lack a required field. */
export function holdsRequired(root: DescMessage): boolean {
  return holdsField(root, ({ presence }) => presence === FeatureSet_FieldPresence.LEGACY_REQUIRED);
}

/** @throws Error if the message cannot be written */
export function assertWritable<T extends DescMessage>(schema: T, message: MessageShape<T>): void {
  toBinary(schema, message);
}
