// Places at which values leave the BFF, besides fields of its answers.

import type { DescField } from "@bufbuild/protobuf";
import type { Expression } from "../../cel/index.ts";
import type { Origin, Text } from "../../diagnostic/diagnostic.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import { pathName } from "../../model/path-name.ts";
import { type AnyBlock, blocksOf, callsIn, tagExpressions, tagHoles } from "../../resolve/model/blocks.ts";
import type { Call, Fail } from "../../resolve/model/call.ts";
import type { Model } from "../../resolve/model/model.ts";
import { isRedacted } from "../../resolve/model/sensitive-types.ts";
import { isAny, type Taint } from "./taint.ts";

/** A value at a place outside of messages. */
interface Sink {
  /** `an attribute of traces`. */
  readonly what: string;
  readonly by: Expression;
  /** Set if `reveal` is possible there. */
  readonly bind?: { readonly reveal: Text | undefined };
}

/** Returns the places outside of messages at which values leave the BFF. */
export function sinksOf(model: Model): readonly Sink[] {
  const ofBlocks = blocksOf(model).flatMap((block) => [
    ...callsOfBlock(block).flatMap(callSinks),
    ...block.steps.flatMap(({ source }) => [
      ...(source.kind === "guard" ? failSinks(source.fail) : []),
      ...(source.kind === "latest" ? [{ what: "the key of a topic", by: source.key }] : []),
    ]),
    ...ownSinks(block),
  ]);
  return [...ofBlocks, ...model.purges.flatMap(tagExpressions).map((by) => ({ what: "a tag that is purged", by }))];
}

/** Calls of steps, of resolvers, and of sources of streams. */
export const callsOfBlock = (block: AnyBlock): readonly Call[] => [
  ...callsIn(block),
  ...(block.kind === "composed" ? block.clients : []),
];

function ownSinks(block: AnyBlock): readonly Sink[] {
  switch (block.kind) {
    case "headers":
      return block.headers.map(({ name, by, ir }) => ({ what: `the header "${name}"`, by, bind: ir }));
    case "tags":
      return [
        ...tagExpressions(block).map((by) => ({ what: "a tag of cached answers", by })),
        ...block.follows.map(({ key }) => ({ what: "the key of a topic", by: key })),
      ];
    case "tool":
      return block.hidden.flatMap(({ ir, path, bound }) =>
        bound === undefined || path.some(isRedacted)
          ? []
          : [{ what: `the request field "${ir.name?.value ?? ""}"`, by: bound.expression, bind: ir }],
      );
    case "telemetry":
      return [
        ...block.attributes.map(({ expression }) => ({ what: "an attribute of traces", by: expression })),
        ...block.meters.flatMap(({ by, labels }) => [
          { what: "a meter", by },
          ...labels.map((label) => ({ what: `the label "${label.name}" of a meter`, by: label.by })),
        ]),
      ];
    case "limits":
      return [
        ...block.uses.flatMap(({ ir, key, cost, settle }) => [
          { what: `the key of the limit "${ir.name.value}"`, by: key },
          ...[cost, settle].flatMap((by) =>
            by === undefined ? [] : [{ what: `the cost of the limit "${ir.name.value}"`, by }],
          ),
        ]),
        ...(block.usage?.fields ?? []).map(({ name, by }) => ({ what: `the field "${name}" of usage events`, by })),
      ];
    case "share":
      return [{ what: "the key of fair shares", by: block.key }];
    case "stream":
      return [
        ...(block.follow === undefined ? [] : [{ what: "the key of a topic", by: block.follow.key }]),
        ...positionSink(block),
      ];
    case "topic":
      return positionSink(block);
    default:
      return [];
  }
}
const positionSink = ({ position }: { readonly position: { readonly by: Expression } | undefined }): readonly Sink[] =>
  position === undefined ? [] : [{ what: "the position of a stream", by: position.by }];

function callSinks({ metadata, onError, policy, shard }: Call): readonly Sink[] {
  return [
    ...metadata.map(({ key, by, reveal }) => ({ what: `the metadata "${key}"`, by, bind: { reveal } })),
    ...onError.flatMap(({ then }) => (then.kind === "fail" ? failSinks(then.fail) : [])),
    ...policy.branches.flatMap(({ by }) => (by === undefined ? [] : [{ what: "the address of a branch", by }])),
    ...(shard?.isName === true ? [{ what: "the name of a shard", by: shard.by }] : []),
    ...tagHoles(policy).map(({ by }) => ({ what: "a tag of cached answers", by })),
  ];
}

function failSinks({ message, details }: Fail): readonly Sink[] {
  return [
    ...(message ?? []).flatMap((part) =>
      typeof part === "string" ? [] : [{ what: "the text of a failure", by: part }],
    ),
    ...details.map((by) => ({ what: "a detail of a failure", by })),
  ];
}

/** A value for a request to an upstream. */
interface Sent {
  /** `"to" of "mail.v1.SendRequest"`. */
  readonly what: string;
  /** The field to mark. Undefined: several. */
  readonly field: DescField | undefined;
  readonly bound: BoundExpression;
  readonly at: Origin;
  /** Set if `reveal` is possible there. */
  readonly bind?: { readonly reveal: Text | undefined };
}

/** Returns the values that a call sends into fields that are not redacted. */
export function sentBy({ request, set, batch, method }: Call): readonly Sent[] {
  const what = (path: readonly DescField[]): string => `"${pathName(path)}" of "${method.input.typeName}"`;
  const key = batch?.wrap?.element ?? batch?.by;
  return [
    ...(request === undefined
      ? []
      : [{ what: `"${method.input.typeName}"`, field: undefined, bound: request, at: request.expression.text.at }]),
    ...set.flatMap(({ path, bound, reveal }) =>
      path.some(isRedacted)
        ? []
        : [{ what: what(path), field: path.at(-1), bound, at: bound.expression.text.at, bind: { reveal } }],
    ),
    ...(batch === undefined || key === undefined || isRedacted(batch.keys)
      ? []
      : [{ what: what([batch.keys]), field: batch.keys, bound: key, at: key.expression.text.at }]),
  ];
}

/** Returns the way of a sensitive value into a request. */
export const sentWay = (taint: Taint, { bound, field }: Sent) =>
  taint.of(bound.expression) ??
  taint.copied(bound.conversion) ??
  (field !== undefined && isAny(field) ? taint.readable(bound.expression.type) : undefined);
