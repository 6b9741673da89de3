// Tags of cached answers of calls.

import type { DescMethod } from "@bufbuild/protobuf";
import { childrenOf, type Expression, type Node, typeName, type Variable } from "../../cel/index.ts";
import { fault, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrCall, IrPolicy, IrUpstream } from "../../ir/step.ts";
import { textInstead } from "../conversions/replacement.ts";
import type { CacheTag, Effects, TagHole } from "../model/call.ts";
import { openPlaces, valueHint } from "../model/missing/missing-hints.ts";
import { check, free, type MessageScope } from "../scope/scope.ts";
import { holes, PRINTABLE } from "./failure.ts";

interface TaggedCall {
  readonly ir: Pick<IrCall, "batch" | "policy">;
  readonly method: DescMethod;
  readonly entries: readonly IrUpstream[];
  readonly locals: readonly Variable[];
  readonly effects: Effects;
}

/** Resolves the tags of the nearest level that has any: of the call, or of an entry, whose holes read the answer only. */
export function callTags(
  scope: MessageScope,
  { ir, method, entries, locals, effects }: TaggedCall,
): readonly CacheTag[] {
  if (effects !== "none") return [];
  const type = { kind: "message", desc: method.output } as const;
  const answer: Variable = { name: ANSWER, role: "local", type, proto: type, absent: false };
  const ofCall = tagsIn(ir.policy);
  if (ofCall.length > 0) {
    const batched = ir.batch !== undefined;
    return resolved(ofCall, (text) => {
      const by = holeOf(scope, text, [...locals, answer]);
      return by && callHole(scope, by, batched);
    });
  }
  const entry = entries.find(({ policy }) => tagsIn(policy).length > 0);
  if (entry === undefined) return [];
  const alone = { ...scope, builtins: new Map(), steps: new Map(), broken: new Set<string>(), offered: [] };
  return resolved(tagsIn(entry.policy), (text) => {
    if (!checkEntryHole(scope, entry, text)) return undefined;
    const by = holeOf(alone, text, [answer]);
    return by && { by, ofAnswer: true };
  });
}
/** Name of a call's answer in its tags. */
const ANSWER = "answer";
const tagsIn = ({ cache }: IrPolicy): readonly Text[] => cache?.tags ?? [];

function resolved(tags: readonly Text[], hole: (text: Text) => TagHole | undefined): CacheTag[] {
  return tags.flatMap((text) => tagOf(text, hole) ?? []);
}

/** Returns a tag with its resolved holes; undefined if one has a fault. */
export function tagOf<Hole extends object>(
  text: Text,
  hole: (text: Text) => Hole | undefined,
): { readonly text: Text; readonly parts: readonly (string | Hole)[] } | undefined {
  const parts = holes(text).map((part) => (typeof part === "string" ? part : hole(part)));
  const sound = parts.filter((part) => part !== undefined);
  return parts.length === 0 || sound.length < parts.length ? undefined : { text, parts: sound };
}

/** Checks a hole, which has a single value. */
export function holeOf(scope: MessageScope, text: Text, locals: readonly Variable[] = []): Expression | undefined {
  const by = check(scope, text, locals);
  const absent = by?.unsafe[0];
  if (absent !== undefined)
    return fault(scope.report, "BFF810", text.at, {
      message: `this hole has no value if \`${absent.name}\` is absent`,
      related: absent.role === "principal" ? openPlaces(scope) : [],
      hint: valueHint(absent, text.value, "''"),
    });
  if (by === undefined || PRINTABLE.has(by.type.kind)) return by;
  const several = by.type.kind === "list" || by.type.kind === "map";
  return fault(scope.report, "BFF810", text.at, {
    message: `a tag cannot contain ${typeName(by.type)}`,
    hint: several
      ? "leave the hole out, or cache the call that fetches each item, with a tag for the item"
      : textInstead(by),
  });
}

/** Checks a hole in a tag of a live answer. It may be absent, and a list is one tag for each item. */
export function liveHoleOf(scope: MessageScope, text: Text): Expression | undefined {
  const by = check(scope, text);
  if (by === undefined) return undefined;
  const type = by.type.kind === "list" ? by.type.element : by.type;
  if (PRINTABLE.has(type.kind)) return by;
  return fault(scope.report, "BFF810", text.at, {
    message: `a tag cannot contain ${typeName(by.type)}`,
    hint: by.type.kind === "optional" ? textInstead(by) : "write a text, a number, a bool, or a list of them",
  });
}

/** Only values of the request are known when the key is made, and only a single request has them. */
function callHole(scope: MessageScope, by: Expression, batched: boolean): TagHole | undefined {
  const named = [...variablesIn(by.root)];
  // The checker copies variables of this role.
  const ofAnswer = named.some(({ name, role }) => role === "local" && name === ANSWER);
  const others = named.some(({ role }) => role !== "local");
  if (!others || (!ofAnswer && !batched)) return { by, ofAnswer };
  return fault(scope.report, "BFF811", by.text.at, {
    message: ofAnswer
      ? "this hole reads `answer` and other values: only other values are part of the key"
      : "a tag of a batch reads only `answer`: one request has the keys of several items",
    hint: ofAnswer
      ? 'write two holes, as in "{args.tenant}:{answer.id}"'
      : "read the value from `answer`, or leave out `batch`",
  });
}

function variablesIn(node: Node, found = new Set<Variable>()): Set<Variable> {
  if (node.kind === "name" || node.kind === "ok") found.add(node.variable);
  for (const child of childrenOf(node)) variablesIn(child, found);
  return found;
}

function checkEntryHole(scope: MessageScope, { method }: IrUpstream, text: Text): boolean {
  if (method !== undefined && [...free(scope, text).names].every((name) => name === ANSWER)) return true;
  fault(scope.report, "BFF811", text.at, {
    message:
      method === undefined
        ? "a tag of several methods has no holes: their answers have no common fields"
        : "a tag of an upstream entry reads only `answer`",
    hint: method === undefined ? "write `tag` on the call, or on an entry with `method`" : "write `tag` on the call",
  });
  return false;
}
