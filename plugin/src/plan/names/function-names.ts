// Names of the functions of an emitted file. They depend on nothing but that file.

import type { DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { EnumConversion, MessageConversion } from "../../model/conversion.ts";
import type { Limits, Model } from "../../resolve/model/model.ts";
import { distinctNames } from "./distinct-names.ts";
import { messageNames, NameScope, upperFirst } from "./name-scope.ts";

export interface FunctionNames {
  /** `composePage`; for all of a list at once `composeEachCard`. */
  readonly compose: (message: DescMessage) => string;
  /** `admitPage`, `admitDashboardService` */
  readonly admit: (of: DescMessage | DescService) => string;
  /** `startDashboardService`; for some rpcs of it alone `startDashboardServiceGetPage`. */
  readonly start: (service: DescService, rpc: DescMethod | undefined) => string;
  /** `openRunUpdate` */
  readonly open: (message: DescMessage) => string;
  /** `permitGetDashboard` */
  readonly permit: (rpc: DescMethod) => string;
  /** `decideGetDashboard`: the part of a permit that is decided after limits. */
  readonly decide: (rpc: DescMethod) => string;
  /** `createDashboardService` */
  readonly create: (service: DescService) => string;
  /** `toSummary`; for further aliases `toSummaryFromUpV2Summary`; towards an upstream `fromSummary`. */
  readonly convert: (conversion: MessageConversion | EnumConversion) => string;
  /** All of them, so that no local name hides one. */
  readonly scope: NameScope;
}

/**
 * Returns the function names by file; each file's names are computed once.
 * @param forLists the messages that are composed for all of a list at once
 */
export function functionNames(model: Model, forLists: ReadonlySet<string>): (file: DescFile) => FunctionNames {
  const known = new Map<string, FunctionNames>();
  const conversions = [...model.conversions.messages, ...model.conversions.enums];
  return (file) => {
    const names = known.get(file.name) ?? namesOf(file, model, conversions, forLists);
    known.set(file.name, names);
    return names;
  };
}

function namesOf(
  file: DescFile,
  { messages, lets, permits, limits, openings }: Model,
  conversions: readonly (MessageConversion | EnumConversion)[],
  forLists: ReadonlySet<string>,
): FunctionNames {
  const wishes = new Map<string, readonly string[]>();
  const add = (kind: string, of: string, names: readonly string[]): void => {
    wishes.set(`${kind} ${of}`, names);
  };
  const isOfFile = (desc: { readonly file: DescFile }): boolean => desc.file.name === file.name;
  for (const { desc } of messages.filter(({ desc }) => isOfFile(desc))) {
    add(
      "compose",
      desc.typeName,
      prefixed(forLists.has(desc.typeName) ? "composeEach" : "compose", messageNames(desc)),
    );
    if (lets.length > 0) add("admit", desc.typeName, prefixed("admit", messageNames(desc)));
  }
  for (const { desc } of openings.filter(({ desc }) => isOfFile(desc)))
    add("open", desc.typeName, prefixed("open", messageNames(desc)));
  for (const service of file.services) {
    const long = service.typeName.split(/[._]/).map(upperFirst).join("");
    add("create", service.typeName, [`create${service.name}`, `create${service.name}Service`, `create${long}`]);
  }
  for (const { desc } of lets.filter(({ desc }) => isOfFile(desc))) {
    add("admit", desc.typeName, [`admit${desc.name}`, `admit${desc.name}Service`]);
    add("start", idOf(desc, undefined), [`start${desc.name}`, `start${desc.name}Service`]);
    for (const rpc of desc.methods)
      add("start", idOf(desc, rpc), [`start${desc.name}${rpc.name}`, `start${desc.name}_${rpc.name}`]);
  }
  for (const { desc, rpc } of permits.filter(({ desc, steps }) => isOfFile(desc) && steps.length > 0))
    add("permit", idOf(desc, rpc.desc), [`permit${rpc.desc.name}`, `permit${desc.name}${rpc.desc.name}`]);
  const limited = new Set(limits.filter(isLimitedLate).map(({ rpc }) => rpc));
  for (const { desc, rpc } of permits.filter(
    ({ desc, rpc, steps }) => isOfFile(desc) && steps.length > 0 && limited.has(rpc),
  ))
    add("decide", idOf(desc, rpc.desc), [`decide${rpc.desc.name}`, `decide${desc.name}${rpc.desc.name}`]);
  for (const conversion of conversions.filter(({ owner }) => isOfFile(owner)))
    add("convert", conversionId(conversion), conversionNames(conversion));
  // Every file has these functions.
  const taken = ["createApp", "createUpstreams"];
  const names = distinctNames(wishes, new NameScope(undefined, taken));
  const nameOf = (kind: string, of: string): string => names.get(`${kind} ${of}`) ?? kind;
  return {
    compose: ({ typeName }) => nameOf("compose", typeName),
    admit: ({ typeName }) => nameOf("admit", typeName),
    start: (service, rpc) => nameOf("start", idOf(service, rpc)),
    open: ({ typeName }) => nameOf("open", typeName),
    permit: (rpc) => nameOf("permit", idOf(rpc.parent, rpc)),
    decide: (rpc) => nameOf("decide", idOf(rpc.parent, rpc)),
    create: ({ typeName }) => nameOf("create", typeName),
    convert: (conversion) => nameOf("convert", conversionId(conversion)),
    scope: new NameScope(undefined, names.values()),
  };
}

const prefixed = (prefix: string, names: readonly string[]): string[] => names.map((name) => prefix + name);
const idOf = (service: DescService, rpc: DescMethod | undefined): string =>
  rpc === undefined ? service.typeName : `${service.typeName}/${rpc.name}`;
const conversionId = ({ from, to, position }: MessageConversion | EnumConversion): string =>
  `${from.typeName}>${to.typeName}${position < 0 ? "=" : ""}`;

function conversionNames({ from, to, owner, position }: MessageConversion | EnumConversion): string[] {
  const both = (name: (to: string, from: string) => string, ofTo = messageNames(to), ofFrom = messageNames(from)) =>
    ofTo.map((to, i) => name(to, ofFrom[i] ?? ""));
  if (position < 0) return both((to, from) => `as${to}From${from}`);
  if (to !== owner) return both((_, from) => `from${from}`);
  if (position === 0) return both((to) => `to${to}`);
  const [, long = "", other = ""] = messageNames(from);
  return both((to, from) => `to${to}From${from}`, undefined, [long, long, other]);
}

/** Returns true if an rpc has limits that are charged after its permit's conditions. */
export const isLimitedLate = (limits: Limits | undefined): boolean => limits?.uses.some(({ early }) => !early) ?? false;
