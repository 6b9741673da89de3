// Finds all elements of upstreams that a run uses, with the options that use them.
import type { DescField } from "@bufbuild/protobuf";
import { elementName, type UpstreamElement } from "@protobff/messages/upstream-facts.js";
import type { Origin } from "../diagnostic/diagnostic.ts";
import type { Ir, IrEnum, IrField, IrMessage } from "../ir/ir.ts";
import { blocksOf, callsIn } from "../resolve/model/blocks.ts";
import type { BffFile, Model, Opening, Topic } from "../resolve/model/model.ts";
import type { RestRule } from "../resolve/model/rest.ts";
import type { Sliced } from "../slices/sliced.ts";
import { type Exchange, type How, reliesOn, type Seen, seenIn } from "./exchange.ts";
import type { Options } from "./options.ts";
import { type Add, READ, SET, UseCollector, type UsingBlock } from "./use-collector.ts";

interface Use {
  /** The path of the option (`options.ts`). */
  readonly option: string;
  /** Place of the element's name; if the option only implies the element, place of the option. */
  readonly at: Origin;
}
export interface Used {
  readonly element: UpstreamElement;
  /** In order of discovery; several of one option are kept as the first. */
  readonly uses: readonly Use[];
  /** Vouchers for a method, sorted: rpcs as "web.v1.WebService/GetPage", and the options that set `read_only`. */
  readonly vouchedBy: readonly string[];
  /** HTTP path of a method; undefined: it is not called over HTTP. */
  readonly http: string | undefined;
  /** Exchange with a method. */
  readonly exchange: Exchange | undefined;
}
/** For each generated file the elements by their names. */
export type UsedElements = ReadonlyMap<string, ReadonlyMap<string, Used>>;

/** Pauses before each file. */
export function* usedElements(model: Model, options: Options): Sliced<UsedElements> {
  const isUpstream = upstreamTest(model);
  const declared = declarationsOf(model.ir);
  const result = new Map<string, ReadonlyMap<string, Used>>();
  for (const file of model.files) {
    yield;
    const found: Found = new Map();
    const add: Add = (element, option, at, as) => {
      if (!isUpstream(element, file.desc.proto.package)) return;
      const name = elementName(element);
      const known = found.get(name) ?? { element, uses: new Map<string, Use>(), as: new Set<How>() };
      found.set(name, known);
      for (const how of as) known.as.add(how);
      if (!known.uses.has(option)) known.uses.set(option, { option, at });
    };
    const blocks = blocksIn(file, model);
    collectFile(new UseCollector(add, options), blocks, { file, model, declared });
    result.set(file.desc.proto.name, withCallers(found, blocks, options));
  }
  return result;
}

/** The elements that a file uses, by their names. */
type Found = Map<string, Seen & { readonly uses: Map<string, Use> }>;

/** Declarations of a run by their descriptors: messages and enums by their full names. */
interface Declarations {
  readonly messages: ReadonlyMap<string, IrMessage>;
  readonly enums: ReadonlyMap<string, IrEnum>;
  readonly fields: ReadonlyMap<DescField, IrField>;
}
function declarationsOf({ files }: Ir): Declarations {
  const messages = files.flatMap((file) => file.messages);
  const enums = files.flatMap((file) => file.enums);
  return {
    messages: new Map(messages.map((message) => [message.desc.typeName, message])),
    enums: new Map(enums.map((declared) => [declared.desc.typeName, declared])),
    fields: new Map(messages.flatMap((message) => message.fields.map((field) => [field.desc, field]))),
  };
}

/** The blocks of a file, in the order in which their uses are listed. */
function blocksIn(file: BffFile, model: Model): readonly UsingBlock[] {
  const methods = file.services.flatMap((service) => service.methods);
  const isOfFile = ({ desc }: Topic | Opening): boolean => desc.file === file.desc;
  return [
    ...file.services.flatMap(({ let: steps }) => steps ?? []),
    ...methods.flatMap(({ permit }) => permit ?? []),
    ...model.topics.filter(isOfFile),
    ...methods.flatMap(({ stream }) => stream ?? []),
    ...model.openings.filter(isOfFile),
    ...file.messages,
  ];
}

function collectFile(
  collector: UseCollector,
  blocks: readonly UsingBlock[],
  { file, model, declared }: { readonly file: BffFile; readonly model: Model; readonly declared: Declarations },
): void {
  for (const block of blocks) collector.block(block);
  if (file.services.length > 0)
    for (const purge of model.purges) if (purge.packages.has(file.desc.proto.package)) collector.purge(purge);
  for (const conversion of model.conversions.messages) {
    const message = declared.messages.get(conversion.owner.typeName);
    if (message !== undefined && conversion.owner.file === file.desc) collector.copied(conversion, message);
  }
  for (const conversion of model.conversions.enums) {
    const type = declared.enums.get(conversion.owner.typeName);
    if (type !== undefined && conversion.owner.file === file.desc) collector.mapped(conversion, type);
  }
  const identity = model.packages.find(({ name }) => name === file.desc.proto.package)?.identity;
  if (identity !== undefined && file.services.length > 0) collector.principal(identity);
  for (const { ir: rpc } of file.services.flatMap((service) => service.methods)) {
    collector.surface({ rpc, root: rpc.desc.input, as: SET }, declared.fields);
    collector.surface({ rpc, root: rpc.desc.output, as: READ }, declared.fields);
  }
}

/** The elements with how their methods are called and by whom they are vouched for. */
function withCallers(found: Found, blocks: readonly UsingBlock[], options: Options): ReadonlyMap<string, Used> {
  const vouched = vouchers(blocks, options);
  const http = httpOf(blocks);
  const seen = seenIn(found);
  const relied = reliesOn(blocks);
  const entries = [...found].map(([name, { element, uses }]) => {
    const vouchedBy = [...(vouched.get(element) ?? [])].sort();
    const exchange = element.kind === "rpc" ? { ...seen(element), reliesOn: relied.get(element) ?? [] } : undefined;
    return [name, { element, uses: [...uses.values()], vouchedBy, http: http.get(element), exchange }] as const;
  });
  return new Map(entries);
}

/** Returns, by method, the rpcs and options that alone vouch that its calls have no side effects. */
function vouchers(blocks: readonly UsingBlock[], options: Options): ReadonlyMap<UpstreamElement, ReadonlySet<string>> {
  const found = new Map<UpstreamElement, Set<string>>();
  for (const { method, effects, evidence } of blocks.flatMap(callsIn)) {
    if (effects !== "none") continue;
    const option = evidence.readOnly && options.of(evidence.readOnly.at);
    const names = [...evidence.vouched.map(({ desc }) => elementName(desc)), ...(option === undefined ? [] : [option])];
    if (names.length > 0) found.set(method, new Set([...(found.get(method) ?? []), ...names]));
  }
  return found;
}

/** Returns the HTTP paths of the methods that are called over HTTP. */
function httpOf(blocks: readonly UsingBlock[]): ReadonlyMap<UpstreamElement, string> {
  const calls = blocks.flatMap((block) => [...callsIn(block), ...("clients" in block ? block.clients : [])]);
  return new Map(calls.flatMap(({ method, http }) => (http === undefined ? [] : [[method, httpText(http)] as const])));
}
function httpText({ ir, body, responseBody }: RestRule): string {
  const parts = [
    body === undefined ? "" : ` body ${body === "*" ? body : body.name}`,
    responseBody === undefined ? "" : ` response_body ${responseBody.name}`,
  ];
  return `${ir.method} ${ir.path.value}${parts.join("")}`;
}

/**
 * Returns a predicate for elements of others: not google's own types, nor this project's, nor the packages of the run
 * that have rules. A BFF that another one calls still is an upstream.
 */
function upstreamTest(model: Model): (element: UpstreamElement, from: string) => boolean {
  const bffPackages = new Set(model.ir.files.map((file) => file.desc.proto.package));
  for (const call of blocksOf(model).flatMap(callsIn)) bffPackages.delete(call.method.parent.file.proto.package);
  return (element, from) => {
    const { file } = "file" in element ? element : element.parent;
    const { package: name } = file.proto;
    return name !== from && !bffPackages.has(name) && name !== "google.protobuf" && name !== "bff.v1";
  };
}
