import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { type Expression, fieldType, sameType } from "../../cel/index.ts";
import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrCall, IrStep } from "../../ir/step.ts";
import { blocksOf, callsOf, composesOf, messagesByName } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Composed, Step } from "../../resolve/model/model.ts";
import { requestLists } from "../../resolve/model/request-lists.ts";
import { type Check, nameOf, stepExpressions } from "../check.ts";

/**
 * Values that differ from item to item, by the objects that reads refer to: the item, and the steps and arguments that
 * depend on it.
 */
type Varying = ReadonlySet<unknown>;

/**
 * Reports an `each` with a call for each item, directly or in the messages that it composes. If the upstream has a
 * method with several keys, that method is better. If it has none, a bound (`max`) or a cache shows that the author
 * intends the calls.
 */
export const nPlusOne: Check = {
  rules: {
    BFF704:
      "Calls for each item are joined if the upstream has a method for several keys. Otherwise the items have a bound, so that the load does not grow with every list.",
  },
  run(model, report) {
    const messages = messagesByName(model.messages);
    const clientLists = requestLists(model);
    const reported = new Set<Call>();
    const visited = new Set<string>();
    const checkStep = (each: Step, step: Step, varying: Varying): void => {
      for (const call of callsOf(step.source)) {
        const varies = call.set.filter(({ bound }) => readsAny(bound.expression, varying));
        if (call.batch !== undefined || call.effects !== "none" || reported.has(call)) continue;
        if (varies.length === 0 && !readsAny(call.request?.expression, varying)) continue;
        if (reportCall({ each, step, call, varying, fromClient: clientLists.has(each) }, report)) reported.add(call);
      }
    };
    /** Returns the messages that a step composes, with the arguments that differ from item to item. */
    const composedBy = (step: Step, varying: Varying): (readonly [Composed, readonly string[]])[] =>
      composesOf(step.source).flatMap(({ message: desc, args }) => {
        const child = messages.get(desc.typeName);
        const names = args.filter(({ by }) => readsAny(by, varying)).map(({ name }) => name);
        return child === undefined ? [] : [[child, names] as const];
      });
    /** Visits the messages that are composed for each item: their calls, and the messages that they compose. */
    const descend = (each: Step, varying: Varying): void => {
      const open = composedBy(each, varying);
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const [message, argNames] = next;
        const key = `${message.desc.typeName} ${[...argNames].sort().join(" ")} ${maxOf(each)}`;
        if (argNames.length === 0 || visited.has(key)) continue;
        visited.add(key);
        const inside = spread(message, new Set(argNames));
        for (const step of message.steps) {
          if (step.source.kind === "each") continue;
          checkStep(each, step, inside);
          open.push(...composedBy(step, inside));
        }
      }
    };
    for (const step of blocksOf(model).flatMap((message) => message.steps)) {
      if (step.source.kind !== "each") continue;
      const varying = new Set<unknown>([step.source.item]);
      checkStep(step, step, varying);
      descend(step, varying);
    }
  },
};

/** Returns the arguments of these names, and all steps that read them, directly or through others. */
function spread(message: Composed, argNames: ReadonlySet<string>): Varying {
  const varying = new Set<unknown>(
    message.args.members.filter(({ name }) => argNames.has(name)).map(({ variable }) => variable),
  );
  const readers = new Map<Step, Step[]>();
  for (const step of message.steps)
    for (const read of step.reads) {
      const known = readers.get(read);
      if (known === undefined) readers.set(read, [step]);
      else known.push(step);
    }
  const open = message.steps.filter((step) =>
    stepExpressions(step).some((expression) => readsAny(expression, varying)),
  );
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (step.variable === undefined || varying.has(step.variable)) continue;
    varying.add(step.variable);
    open.push(...(readers.get(step) ?? []));
  }
  return varying;
}

interface Found {
  readonly each: Step;
  readonly step: Step;
  readonly call: Call;
  readonly varying: Varying;
  /** True if the items come from the client: another check reports a missing bound. */
  readonly fromClient: boolean;
}

/** Reports the call; returns false if nothing is reported. */
function reportCall({ each, step, call, varying, fromClient }: Found, report: Report): boolean {
  const shaped = shapeOf(call, varying);
  const cached = (call.policy.cache.ttl?.value ?? 0) > 0;
  if (shaped === undefined && (maxOf(each) !== undefined || cached || fromClient)) return false;
  const within = each === step ? "" : `, in the message that ${nameOf(each)} composes`;
  caution(report, "BFF704", irCall(step.ir)?.method?.at ?? call.ir.at, {
    message:
      shaped === undefined
        ? `"${call.method.name}" is called once per item${within}, and nothing limits the items`
        : `"${call.method.name}" is called once per item${within}, and "${shaped.batch.method.name}" answers for all items in one call`,
    ...(each === step
      ? {}
      : { related: [{ at: each.ir.name?.at ?? each.ir.at, message: "one call per item of this list" }] }),
    hint:
      shaped === undefined
        ? "limit the items with `max`, or request a method with several keys from the owner of the upstream"
        : `call "${call.method.parent.typeName}/${shaped.batch.method.name}" with ${written(shaped)}`,
  });
  return true;
}

interface Shaped {
  readonly batch: BatchShaped;
  readonly by: Expression;
}

/** Returns the batch-shaped sibling if the call differs from item to item in one field. */
function shapeOf(call: Call, varying: Varying): Shaped | undefined {
  if (call.request !== undefined || call.metadata.some(({ by }) => readsAny(by, varying))) return undefined;
  const [key, another] = call.set.filter(({ bound }) => readsAny(bound.expression, varying));
  const [field, below] = key?.path ?? [];
  if (key === undefined || another !== undefined || field === undefined || below !== undefined) return undefined;
  const others = call.set.flatMap((binding) => (binding === key ? [] : (binding.path[0] ?? [])));
  const batch = batchShaped(call.method, field, others);
  return batch && { batch, by: key.bound.expression };
}

function written({ batch: { name, items, key }, by }: Shaped): string {
  const parts = [`name: "${name.name}"`, `by: "${by.text.value}"`, `items: "${items.name}"`];
  return `\`batch: { ${[...parts, ...(key === undefined ? [] : [`key: "${key.name}"`])].join(" ")} }\``;
}

const maxOf = ({ source }: Step): number | undefined => (source.kind === "each" ? source.max : undefined);

const readsAny = (expression: Expression | undefined, varying: Varying): boolean =>
  expression?.reads.some(({ variable }) => varying.has(variable)) ?? false;

function irCall({ source }: IrStep): IrCall | undefined {
  if (source?.kind === "call") return source;
  return source?.kind === "each" && source.source?.kind === "call" ? source.source : undefined;
}

/** A method that answers for several keys at once, with the fields to use. */
interface BatchShaped {
  readonly method: DescMethod;
  /** The repeated request field for the keys. */
  readonly name: DescField;
  /** The repeated or map field of the response with the items. */
  readonly items: DescField;
  /** The item's field with the key; undefined for a map. */
  readonly key: DescField | undefined;
}

/**
 * Returns a sibling of `one` that takes a list of `key`. It answers with a list, or a map by key, of the answers of
 * `one`, or of their only message field. `others`: request fields that the sibling must have too.
 */
function batchShaped(single: DescMethod, key: DescField, others: readonly DescField[]): BatchShaped | undefined {
  const wrapped = single.output.fields.filter((field) => field.fieldKind === "message");
  const answers = new Set([
    single.output.typeName,
    ...(wrapped.length === 1 ? wrapped.map((field) => field.message?.typeName) : []),
  ]);
  for (const method of single.parent.methods) {
    if (method === single || method.methodKind !== "unary" || method.idempotency === Level.IDEMPOTENT) continue;
    if (single.idempotency === Level.NO_SIDE_EFFECTS && method.idempotency !== Level.NO_SIDE_EFFECTS) continue;
    // Without a declaration, a method of another verb may do something else.
    if (single.idempotency !== Level.NO_SIDE_EFFECTS && !wordsOf(method.name).includes(wordsOf(single.name)[0] ?? ""))
      continue;
    const name = method.input.fields.find((field) => isListOf(field, key));
    const rest = others.every((other) =>
      method.input.fields.some((field) => field.name === other.name && field.fieldKind === other.fieldKind),
    );
    if (name === undefined || !rest) continue;
    for (const items of method.output.fields) {
      if (items.fieldKind === "map" && items.mapKind === "message" && answers.has(items.message.typeName)) {
        const map = fieldType(items).type;
        if (map.kind === "map" && sameType(map.key, fieldType(key).type))
          return { method, name, items, key: undefined };
      }
      if (items.fieldKind !== "list" || items.listKind !== "message" || !answers.has(items.message.typeName)) continue;
      const found = keyOf(items.message, key);
      if (found !== undefined) return { method, name, items, key: found };
    }
  }
  return undefined;
}

const wordsOf = (name: string): readonly string[] => name.match(/[A-Z][a-z0-9]*|[a-z0-9]+/g) ?? [];

function isListOf(field: DescField, key: DescField): boolean {
  const type = fieldType(field).type;
  return field.fieldKind === "list" && type.kind === "list" && sameType(type.element, fieldType(key).type);
}

/**
 * Returns the item's field for the requested key: the field with the same name, the field `id`, or the only field of
 * the type.
 */
function keyOf(item: DescMessage, key: DescField): DescField | undefined {
  const fields = item.fields.filter(
    (field) => field.fieldKind === key.fieldKind && sameType(fieldType(field).type, fieldType(key).type),
  );
  const named = fields.find((field) => field.name === key.name) ?? fields.find((field) => field.name === "id");
  return named ?? (fields.length === 1 ? fields[0] : undefined);
}
