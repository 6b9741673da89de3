// Fields that descriptors mark: fresh ones in answers and inside the copies that a field contains, and fields of requests.
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

type Mark = (field: DescField) => boolean;

export const isDeprecated: Mark = ({ deprecated }) => deprecated;

/** Returns true for fields of the request's own package. Options of an upstream's message count in that upstream alone. */
export const fieldsBeside =
  ({ file }: DescMessage): Mark =>
  ({ parent }) =>
    parent.file.proto.package === file.proto.package;

/** Returns true for fields with `public_id`. */
export const publicIdsOf =
  (input: DescMessage): Mark =>
  (field) =>
    fieldsBeside(input)(field) && hasOption(field, fieldOption) && getOption(field, fieldOption).publicId === true;

/** Maximum number of listed paths. The runtime also reports fields that are not listed. */
const MAX_PATHS = 100;
/** Maximum number of visited places: types that contain each other have an exponential number of places. */
const MAX_PLACES = 1_000;

/** Message type at a path of the request, and the types around it. */
interface Place {
  readonly desc: DescMessage;
  /** `items[*].` */
  readonly path: string;
  readonly outer: readonly DescMessage[];
}

/**
 * Returns the paths of marked fields in a request, near ones first; undefined: it has none. A message inside its own
 * type has the path of the outer one.
 */
export function markedFields(input: DescMessage, isMarked: Mark): readonly string[] | undefined {
  const holders = holdersOf(input, isMarked);
  if (holders.size === 0) return undefined;
  const paths: string[] = [];
  const places: Place[] = [{ desc: input, path: "", outer: [] }];
  for (const { desc, path, outer } of places) {
    const around = [...outer, desc];
    for (const field of desc.fields) {
      const { name, fieldKind, message } = field;
      if (isMarked(field)) paths.push(`${path}${name}`);
      if (message === undefined || around.includes(message) || !holders.has(message)) continue;
      const inner = `${path}${name}${fieldKind === "message" ? "" : "[*]"}.`;
      if (places.length < MAX_PLACES) places.push({ desc: message, path: inner, outer: around });
    }
  }
  return paths.slice(0, MAX_PATHS);
}

/** Returns the types of a request that have marked fields, or contain types that have some. */
function holdersOf(input: DescMessage, isMarked: Mark): ReadonlySet<DescMessage> {
  const inner = ({ fields }: DescMessage): readonly DescMessage[] => fields.flatMap(({ message }) => message ?? []);
  // Inner types mostly precede outer types, which keeps the number of passes small.
  const types = reachable([input], inner).reverse();
  const holders = new Set(types.filter(({ fields }) => fields.some(isMarked)));
  for (let before = -1; before < holders.size; ) {
    before = holders.size;
    for (const desc of types) if (inner(desc).some((message) => holders.has(message))) holders.add(desc);
  }
  return holders;
}
