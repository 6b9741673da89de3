import type { DescMessage } from "@bufbuild/protobuf";
import { reachable } from "../../graph/graph.ts";

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
 * Returns the paths of deprecated fields in a request, near ones first; undefined: it has none. A message inside its own
 * type has the path of the outer one.
 */
export function deprecatedFields(input: DescMessage): readonly string[] | undefined {
  const holders = holdersOf(input);
  if (holders.size === 0) return undefined;
  const paths: string[] = [];
  const places: Place[] = [{ desc: input, path: "", outer: [] }];
  for (const { desc, path, outer } of places) {
    const around = [...outer, desc];
    for (const { name, fieldKind, message, deprecated } of desc.fields) {
      if (deprecated) paths.push(`${path}${name}`);
      if (message === undefined || around.includes(message) || !holders.has(message)) continue;
      const inner = `${path}${name}${fieldKind === "message" ? "" : "[*]"}.`;
      if (places.length < MAX_PLACES) places.push({ desc: message, path: inner, outer: around });
    }
  }
  return paths.slice(0, MAX_PATHS);
}

/** Returns the types of a request that have deprecated fields, or contain types that have some. */
function holdersOf(input: DescMessage): ReadonlySet<DescMessage> {
  const inner = ({ fields }: DescMessage): readonly DescMessage[] => fields.flatMap(({ message }) => message ?? []);
  // Inner types mostly precede outer types, which keeps the number of passes small.
  const types = reachable([input], inner).reverse();
  const holders = new Set(types.filter(({ fields }) => fields.some(({ deprecated }) => deprecated)));
  for (let before = -1; before < holders.size; ) {
    before = holders.size;
    for (const desc of types) if (inner(desc).some((message) => holders.has(message))) holders.add(desc);
  }
  return holders;
}
