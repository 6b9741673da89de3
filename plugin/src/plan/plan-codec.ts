// Which messages a file's calls and rpcs put on the wire, and for which of them functions of their own are generated.
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { localName, upperFirst } from "./names.ts";

/** What `<file>_codec.ts` holds. */
export interface PlanCodec {
  /** Whole messages that are sent, and that are received; each once. */
  readonly encodes: readonly CodecRoot[];
  readonly decodes: readonly CodecRoot[];
  /** Those and what is inside of them, as far as they have functions of their own. */
  readonly writers: ReadonlyMap<DescMessage, CodecMessage>;
  readonly readers: ReadonlyMap<DescMessage, CodecMessage>;
  /** The methods, called or served, that it is for; of others protobuf-es does all. */
  readonly methods: ReadonlySet<DescMethod>;
}
export interface CodecMessage {
  readonly desc: DescMessage;
  /** `Summary` of `readSummary`. */
  readonly name: string;
}
export interface CodecRoot extends CodecMessage {
  /** Why protobuf-es does it; undefined: there are functions for it. */
  readonly why: string | undefined;
}

/** Beyond so many in one direction the rest is left to protobuf-es: an upstream may have thousands. */
const MOST_MESSAGES = 200;

/** @param calls methods of upstreams; `rpcs` are the file's own */
export function planCodec(calls: readonly DescMethod[], rpcs: readonly DescMethod[]): PlanCodec {
  const usual = ({ input, output }: DescMethod): boolean =>
    unusual(input) === undefined || unusual(output) === undefined;
  const called = calls.filter(usual);
  const served = rpcs.filter(usual);
  const sent = distinct([...called.map(({ input }) => input), ...served.map(({ output }) => output)]);
  const received = distinct([...called.map(({ output }) => output), ...served.map(({ input }) => input)]);
  const written = reach(sent);
  const read = reach(received);
  const names = shortNames(distinct([...sent, ...received, ...written, ...read]));
  const named = (desc: DescMessage): CodecMessage => ({ desc, name: names.get(desc) ?? desc.name });
  const root = (desc: DescMessage): CodecRoot => ({ ...named(desc), why: unusual(desc) });
  return {
    encodes: sent.map(root),
    decodes: received.map(root),
    writers: new Map(written.map((desc) => [desc, named(desc)])),
    readers: new Map(read.map((desc) => [desc, named(desc)])),
    methods: new Set([...called, ...served]),
  };
}

const distinct = <T>(items: readonly T[]): T[] => [...new Set(items)];

/** Messages and those inside of them, the near ones first. */
function reach(roots: readonly DescMessage[]): DescMessage[] {
  const found = new Set(roots.filter((root) => unusual(root) === undefined));
  for (const desc of found) {
    for (const { message } of desc.fields) {
      if (found.size >= MOST_MESSAGES) return [...found];
      if (message !== undefined && unusual(message) === undefined) found.add(message);
    }
  }
  return [...found];
}

/** Why a message is left to protobuf-es; undefined: nothing in it is unusual, whatever the messages inside of it are. */
export function unusual(desc: DescMessage): string | undefined {
  if (desc.file.edition !== PROTO3) return "not proto3";
  for (const field of desc.fields) {
    const why = unusualField(field);
    if (why !== undefined) return `${why}: ${field.name}`;
  }
  return undefined;
}
const PROTO3 = 999;

function unusualField(field: DescField): string | undefined {
  if ("longAsString" in field && field.longAsString) return "64 bits as a string";
  if (field.enum?.open === false) return "a closed enum";
  if ("delimitedEncoding" in field && field.delimitedEncoding) return "a group";
  if (field.message?.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value")
    return "JSON";
  return undefined;
}

/** The names of their types; with the package where two have one name. */
function shortNames(descs: readonly DescMessage[]): Map<DescMessage, string> {
  const byName = Map.groupBy(descs, localName);
  return new Map(
    descs.map((desc) => {
      const short = localName(desc);
      const alone = byName.get(short)?.length === 1;
      return [desc, alone ? short : desc.typeName.split(/[._]/).map(upperFirst).join("")];
    }),
  );
}
