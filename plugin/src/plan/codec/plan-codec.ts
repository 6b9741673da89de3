// Messages that the calls and rpcs of a file send or receive, and the messages among them with generated functions.

import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { CodecMessage, CodecRoot, PlanCodec } from "../model/codec.ts";
import { distinctNames } from "../names/distinct-names.ts";
import { messageNames, NameScope } from "../names/name-scope.ts";
import type { Projection } from "./projection.ts";
import { unusual } from "./unusual-fields.ts";

/**
 * Maximum number of messages with generated functions in one direction. protobuf-es handles the rest, since an upstream
 * may have thousands.
 */
const MAX_MESSAGES = 200;

/** @param calls methods of upstreams; `rpcs` are the file's own, `items` those of topics */
export function planCodec(
  calls: readonly DescMethod[],
  rpcs: readonly DescMethod[],
  { reads, writes, passed }: Projection,
  items: readonly DescMessage[] = [],
): PlanCodec {
  const usual = ({ input, output }: DescMethod): boolean =>
    unusual(input) === undefined || unusual(output) === undefined;
  const called = calls.filter(usual);
  const served = rpcs.filter(usual);
  const sent = distinct([...called.map(({ input }) => input), ...served.map(({ output }) => output)]);
  const received = distinct([...called.map(({ output }) => output), ...served.map(({ input }) => input), ...items]);
  const written = reach(sent, writes);
  const read = reach(received, reads, passed);
  const taken = [
    ...received,
    ...read.flatMap((desc) => [...(reads.get(desc) ?? desc.fields)].flatMap(({ message }) => message ?? [])),
  ];
  const names = shortNames(distinct([...sent, ...received, ...written, ...read]));
  const name = (desc: DescMessage): string => names.get(desc) ?? desc.name;
  const root = (desc: DescMessage): CodecRoot => ({ desc, name: name(desc), why: unusual(desc) });
  const functions = (descs: readonly DescMessage[], parts: Parts): Map<DescMessage, CodecMessage> =>
    new Map(
      descs.map((desc) => {
        const some = parts.get(desc);
        const fields = some && byNumber(desc.fields.filter((field) => some.has(field)));
        return [desc, { desc, name: name(desc), fields }];
      }),
    );
  return {
    encodes: sent.map(root),
    decodes: received.map(root),
    writers: functions(written, writes),
    readers: functions(read, reads),
    // Only what comes from an upstream can be passed on.
    passed: new Set(taken.filter((desc) => passed.has(desc))),
    methods: new Set([...called, ...served]),
  };
}

type Parts = ReadonlyMap<DescMessage, ReadonlySet<DescField>>;

export function byNumber(fields: readonly DescField[]): readonly DescField[] {
  return [...fields].sort((a, b) => a.number - b.number);
}

const distinct = <T>(items: readonly T[]): T[] => [...new Set(items)];

/** Messages and those inside of them, the near ones first. */
function reach(roots: readonly DescMessage[], parts: Parts, passed: Passed = NONE): DescMessage[] {
  const has = (desc: DescMessage): boolean => unusual(desc) === undefined && !passed.has(desc);
  const found = new Set(roots.filter(has));
  for (const desc of found) {
    for (const { message } of parts.get(desc) ?? desc.fields) {
      if (found.size >= MAX_MESSAGES) return [...found];
      if (message !== undefined && has(message)) found.add(message);
    }
  }
  return [...found];
}

type Passed = ReadonlySet<DescMessage>;
const NONE: Passed = new Set();

/** Returns the names of the messages' types, with the package if two of them have one name. */
function shortNames(descs: readonly DescMessage[]): ReadonlyMap<DescMessage, string> {
  const wishes = new Map(descs.map((desc) => [desc, messageNames(desc)]));
  return distinctNames(wishes, new NameScope(undefined, [], new Set()));
}
