// Messages at run time, and other types that messages flow into.
import { type Answers, fieldsOf, reachable } from "./answers.ts";
import type { MessageReads } from "./document.ts";
import type { FieldName } from "./origin.ts";

/** Name of the node for messages of unknown type. */
export const ANY_MESSAGE = "*";

/** A kind of values. */
export type ValueKind = MessageKind | FieldKind | ShapeKind;
interface MessageKind {
  readonly kind: "message";
  readonly name: string;
}
/** A part of a message under its generated declaration, as in `Pick<Card, "title">`. */
interface FieldKind {
  readonly kind: "field";
  readonly field: FieldName;
}
/** An object type or a type parameter of the client. Messages may be assigned to it, with fields that it lacks. */
export interface ShapeKind {
  readonly kind: "shape";
  /** Declared properties that are not generated fields, and the kinds inside their types. */
  readonly properties: () => ReadonlyMap<string, ReadonlySet<ValueKind>>;
  /** Kinds inside of the type. */
  readonly content: () => ReadonlySet<ValueKind>;
  /** Kinds that are assigned to it, and where. */
  readonly from: Map<ValueKind, string>;
}

/** How a place takes a whole value. */
type Taking = "all" | "cannotTell";

/** Collects reads, flows and places that take whole values. */
export interface Graph {
  readonly read: (fields: readonly FieldName[], place: string) => void;
  readonly flow: (from: Iterable<ValueKind>, to: Iterable<ValueKind>, place: string) => void;
  readonly take: (kinds: Iterable<ValueKind>, place: string, taking?: Taking) => void;
  readonly takeMessage: (message: string, place: string, taking: Taking) => void;
  readonly solve: () => ReadonlyMap<string, MessageReads>;
}

/** Creates an empty graph. */
export function createGraph(answers: Answers): Graph {
  const fields = new Map<string, Map<string, string>>();
  const whole = { all: new Map<string, Set<string>>(), cannotTell: new Map<string, Set<string>>() };
  const taken: { kind: ValueKind; place: string; taking: Taking }[] = [];
  const shapes = new Set<ShapeKind>();

  const read: Graph["read"] = (names, place) => {
    for (const { message, field } of names) {
      const known = fields.get(message) ?? new Map<string, string>();
      fields.set(message, known.has(field) ? known : known.set(field, place));
    }
  };
  const takeMessage: Graph["takeMessage"] = (message, place, taking) => {
    const names = message === ANY_MESSAGE ? [...answers.messages.keys()] : insideOf(answers, message);
    for (const name of names) whole[taking].set(name, (whole[taking].get(name) ?? new Set()).add(place));
  };
  const flow: Graph["flow"] = (from, to, place) => {
    const sources = [...from];
    for (const target of to) {
      if (target.kind !== "shape") continue;
      shapes.add(target);
      for (const source of sources) if (source !== target && !target.from.has(source)) target.from.set(source, place);
    }
  };
  return {
    read,
    flow,
    takeMessage,
    take: (kinds, place, taking = "all") => {
      for (const kind of kinds) taken.push({ kind, place, taking });
    },
    solve: () => {
      for (let grown = true; grown; ) grown = readThroughShapes(shapes, answers, { read, flow });
      const takes = createTaker(read, takeMessage);
      for (const { kind, place, taking } of taken) takes(kind, place, taking);
      return resultOf(fields, whole);
    },
  };
}

const insideOf = ({ messages }: Answers, name: string): readonly string[] => {
  const root = messages.get(name);
  return root === undefined ? [] : [...reachable(root)].map(({ typeName }) => typeName);
};

/** Counts the properties of a shape as read, if they are fields of a message that arrives in it. */
function readThroughShapes(
  shapes: ReadonlySet<ShapeKind>,
  answers: Answers,
  { read, flow }: Pick<Graph, "read" | "flow">,
): boolean {
  const before = [...shapes].reduce((sum, { from }) => sum + from.size, shapes.size);
  for (const shape of [...shapes]) {
    for (const [source, place] of arrivals(shape)) {
      if (source.kind === "field" || source === shape) continue;
      for (const [property, inside] of shape.properties()) {
        if (source.kind === "shape") {
          // Fields that a shape hides may come back under an optional property of the next one.
          const same = shape.from.has(source) ? undefined : source.properties().get(property);
          if (same !== undefined)
            flow(
              [...same].filter(({ kind }) => kind === "message"),
              inside,
              place,
            );
          continue;
        }
        for (const name of source.name === ANY_MESSAGE ? answers.messages.keys() : [source.name]) {
          const message = answers.messages.get(name);
          const names = fieldsOf(message, property);
          read(
            names.map((field) => ({ message: name, field })),
            place,
          );
          const parts = names.flatMap((field) => message?.fields.find((known) => known.name === field)?.message ?? []);
          flow(
            parts.map((part) => messageKind(part.typeName)),
            inside,
            place,
          );
        }
      }
    }
  }
  return [...shapes].reduce((sum, { from }) => sum + from.size, shapes.size) > before;
}

/** Returns all kinds that arrive in a shape, through others too, each with the place of its last step. */
function arrivals(shape: ShapeKind): ReadonlyMap<ValueKind, string> {
  const found = new Map<ValueKind, string>();
  const open: ShapeKind[] = [shape];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const [source, place] of at.from) {
      if (found.has(source)) continue;
      found.set(source, place);
      if (source.kind === "shape") open.push(source);
    }
  return found;
}

function createTaker(read: Graph["read"], takeMessage: Graph["takeMessage"]) {
  const memo = new Map<ValueKind, readonly (MessageKind | FieldKind)[]>();
  return function takes(root: ValueKind, place: string, taking: Taking): void {
    const parts = memo.get(root) ?? partsOf(root);
    memo.set(root, parts);
    for (const part of parts) {
      if (part.kind === "message") takeMessage(part.name, place, taking);
      else read([part.field], place);
    }
  };
}

/** Returns the messages and fields that a value may contain. */
function partsOf(root: ValueKind): readonly (MessageKind | FieldKind)[] {
  const seen = new Set<ValueKind>();
  const open = [root];
  const found: (MessageKind | FieldKind)[] = [];
  for (let kind = open.pop(); kind !== undefined; kind = open.pop()) {
    if (seen.has(kind)) continue;
    seen.add(kind);
    if (kind.kind === "shape") open.push(...kind.content(), ...kind.from.keys());
    else found.push(kind);
  }
  return found;
}

function resultOf(
  fields: ReadonlyMap<string, ReadonlyMap<string, string>>,
  { all, cannotTell }: Readonly<Record<Taking, ReadonlyMap<string, ReadonlySet<string>>>>,
): ReadonlyMap<string, MessageReads> {
  const names = new Set([...fields.keys(), ...all.keys(), ...cannotTell.keys()]);
  return new Map(
    [...names].map((name) => [
      name,
      {
        fields: fields.get(name) ?? new Map(),
        all: [...(all.get(name) ?? [])],
        cannotTell: [...(cannotTell.get(name) ?? [])],
      },
    ]),
  );
}

const messages = new Map<string, MessageKind>();

/** Returns the kind of a message; equal names have the same one. */
export function messageKind(name: string): ValueKind {
  const known = messages.get(name) ?? { kind: "message", name };
  messages.set(name, known);
  return known;
}
