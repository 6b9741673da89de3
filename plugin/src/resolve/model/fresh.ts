// Fields that are declared fresh, by descriptors alone: in answers, and inside the copies that a field contains.
import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { field as fieldOption, message as messageOption } from "@protobff/messages/options.js";
import { reachable } from "../../graph/graph.ts";

/** Full names of the composed messages. */
export interface ComposedNames {
  readonly has: (typeName: string) => boolean;
}

/** Returns the fresh fields that an answer with these messages may contain. */
export function freshFields(roots: readonly DescMessage[], composed: ComposedNames): readonly DescField[] {
  const inside = (desc: DescMessage): DescMessage[] =>
    desc.fields.flatMap(({ message }) =>
      message !== undefined && (composed.has(message.typeName) || isDeclaredBeside(message, desc)) ? [message] : [],
    );
  return reachable([...roots], inside).flatMap(({ fields }) => fields.filter(isFresh));
}

/**
 * Returns the field whose promise covers the value of a field of a composed message: the field itself, or a fresh field
 * of the copy that it contains. Undefined: nothing is promised here.
 */
export function promiseOf(field: DescField, composed: ComposedNames): DescField | undefined {
  if (isFresh(field)) return field;
  const { message, parent } = field;
  if (message === undefined || composed.has(message.typeName) || !isDeclaredBeside(message, parent)) return undefined;
  return freshFields([message], NOT_COMPOSED)[0];
}
const NOT_COMPOSED: ComposedNames = { has: () => false };

const isFresh = (field: DescField): boolean =>
  hasOption(field, fieldOption) && getOption(field, fieldOption).fresh === true;

/** Returns true for messages of the same package and copies. Options of an upstream that is a BFF itself do not count. */
function isDeclaredBeside(message: DescMessage, { file }: DescMessage): boolean {
  if (message.file.proto.package === file.proto.package) return true;
  return hasOption(message, messageOption) && getOption(message, messageOption).alias.length > 0;
}
