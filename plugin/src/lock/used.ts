// Which elements of upstreams a run uses, by which options: the whole of it, and nothing else.
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { childrenOf, type Expression, type Node } from "../cel/index.ts";
import type { IrEnum, IrField, IrMessage } from "../ir.ts";
import type { IrBind, IrCall, IrSource } from "../ir-step.ts";
import type { ConvertedTarget, EnumConversion, MessageConversion, Target } from "../model/conversion.ts";
import type { Origin, Text } from "../origin.ts";
import { blocksOf, callsIn } from "../resolve/model/blocks.ts";
import type { Call, Fail } from "../resolve/model/call.ts";
import type { Identity } from "../resolve/model/edge.ts";
import type {
  ArgBinding,
  Composed,
  Followed,
  Let,
  Model,
  Opening,
  Permit,
  Source,
  Step,
  Topic,
} from "../resolve/model/model.ts";
import type { RestRule } from "../resolve/model/rest.ts";
import { type Exchange, type How, reliesOn, type Seen, seenIn } from "./exchange.ts";
import { elementName, type UpstreamElement } from "./facts.ts";
import { named } from "./named-elements.ts";
import { BY_NAME, identityPath, type Options } from "./options.ts";

export interface Use {
  /** The path of the option (`options.ts`). */
  readonly option: string;
  /** Where it names the element; where it implies it, the option itself. */
  readonly at: Origin;
}
export interface Used {
  readonly element: UpstreamElement;
  /** In order of discovery; several of one option are kept as the first. */
  readonly uses: readonly Use[];
  /** Who vouches for a method, sorted: rpcs as "web.v1.WebService/GetPage", and the options that say `read_only`. */
  readonly vouchedBy: readonly string[];
  /** How a method is called over HTTP; undefined: it is not. */
  readonly http: string | undefined;
  /** Of a method: what goes to and fro. */
  readonly exchange: Exchange | undefined;
}
/** For each generated file the elements by their names. */
export type UsedElements = ReadonlyMap<string, ReadonlyMap<string, Used>>;

export function usedElements(model: Model, options: Options): UsedElements {
  const result = new Map<string, ReadonlyMap<string, Used>>();
  const isUpstream = upstreamTest(model);
  const declaredMessages = model.ir.files.flatMap((file) => file.messages);
  const messages = new Map(declaredMessages.map((message) => [message.desc.typeName, message]));
  const enums = new Map(
    model.ir.files.flatMap((file) => file.enums).map((declared) => [declared.desc.typeName, declared]),
  );
  const fields = new Map(declaredMessages.flatMap((message) => message.fields.map((field) => [field.desc, field])));
  for (const file of model.files) {
    const found = new Map<string, Seen & { readonly uses: Map<string, Use> }>();
    const add: Add = (element, option, at, as) => {
      if (!isUpstream(element, file.desc.proto.package)) return;
      const name = elementName(element);
      const known = found.get(name) ?? { element, uses: new Map<string, Use>(), as: new Set<How>() };
      found.set(name, known);
      for (const how of as) known.as.add(how);
      if (!known.uses.has(option)) known.uses.set(option, { option, at });
    };
    const collector = collect(add, options);
    const decided = file.services.flatMap(({ methods }) => methods.flatMap(({ permit }) => permit ?? []));
    const topics = model.topics.filter(({ desc }) => desc.file === file.desc);
    const followed = [
      ...topics,
      ...file.services.flatMap(({ methods }) => methods.flatMap(({ stream }) => stream ?? [])),
    ];
    const opened = model.openings.filter(({ desc }) => desc.file === file.desc);
    for (const service of file.services) if (service.let !== undefined) collector.message(service.let);
    for (const permit of decided) collector.message(permit);
    for (const one of followed) collector.followed(one);
    for (const opening of opened) collector.message(opening);
    for (const message of file.messages) collector.message(message);
    for (const conversion of model.conversions.messages) {
      const declared = messages.get(conversion.owner.typeName);
      if (declared !== undefined && conversion.owner.file === file.desc) collector.copied(conversion, declared);
    }
    for (const conversion of model.conversions.enums) {
      const declared = enums.get(conversion.owner.typeName);
      if (declared !== undefined && conversion.owner.file === file.desc) collector.mapped(conversion, declared);
    }
    const identity = model.packages.find(({ name }) => name === file.desc.proto.package)?.identity;
    if (identity !== undefined && file.services.length > 0) collector.principal(identity);
    for (const { methods } of file.services)
      for (const { desc } of methods) {
        collector.surface(desc.input, fields, SET);
        collector.surface(desc.output, fields, READ);
      }
    const blocks = [
      ...file.services.flatMap(({ let: steps }) => steps ?? []),
      ...[...decided, ...followed, ...opened],
      ...file.messages,
    ];
    const vouched = vouchers(blocks, options);
    const http = httpOf(blocks);
    const seen = seenIn(found);
    const relied = reliesOn(blocks);
    const entries = [...found].map(([name, { element, uses }]) => {
      const vouchedBy = [...(vouched.get(element) ?? [])].sort();
      const exchange = element.kind === "rpc" ? { ...seen(element), reliesOn: relied.get(element) ?? [] } : undefined;
      return [name, { element, uses: [...uses.values()], vouchedBy, http: http.get(element), exchange }] as const;
    });
    result.set(file.desc.proto.name, new Map(entries));
  }
  return result;
}

/** By the method: the rpcs and options on whose word alone its calls are free of side effects. */
function vouchers(blocks: readonly UsingBlock[], options: Options): ReadonlyMap<UpstreamElement, ReadonlySet<string>> {
  const found = new Map<UpstreamElement, Set<string>>();
  for (const { method, effects, said } of blocks.flatMap(callsIn)) {
    if (effects !== "none") continue;
    const option = said.readOnly && options.of(said.readOnly.at);
    const names = [...said.vouched.map(({ desc }) => elementName(desc)), ...(option === undefined ? [] : [option])];
    if (names.length > 0) found.set(method, new Set([...(found.get(method) ?? []), ...names]));
  }
  return found;
}

/** How methods are called that are called over HTTP. */
function httpOf(blocks: readonly UsingBlock[]): ReadonlyMap<UpstreamElement, string> {
  const calls = blocks.flatMap((block) => [...callsIn(block), ...("clients" in block ? block.clients : [])]);
  return new Map(calls.flatMap(({ method, http }) => (http === undefined ? [] : [[method, httpText(http)] as const])));
}
function httpText({ ir, body, responseBody }: RestRule): string {
  const said = [
    body === undefined ? "" : ` body ${body === "*" ? body : body.name}`,
    responseBody === undefined ? "" : ` response_body ${responseBody.name}`,
  ];
  return `${ir.method} ${ir.path.value}${said.join("")}`;
}

/** What has steps of its own. */
type UsingBlock = Composed | Opening | Let | Permit | Followed | Topic;

type Add = (element: UpstreamElement, option: string, at: Origin, as: readonly How[]) => void;

const READ: readonly How[] = ["read"];
const SET: readonly How[] = ["set"];
/** What has a name of its own, or takes the place of something, may go either way. */
const BOTH: readonly How[] = [...READ, ...SET];

/**
 * What belongs to others: not google's own types, nor this project's, nor the packages of the run that have rules. A BFF that
 * another one calls is an upstream all the same.
 */
function upstreamTest(model: Model): (element: UpstreamElement, from: string) => boolean {
  const own = new Set(model.ir.files.map((file) => file.desc.proto.package));
  for (const call of blocksOf(model).flatMap(callsIn)) own.delete(call.method.parent.file.proto.package);
  return (element, from) => {
    const { file } = "file" in element ? element : element.parent;
    const { package: name } = file.proto;
    return name !== from && !own.has(name) && name !== "google.protobuf" && name !== "bff.v1";
  };
}

/** Long, for it is many functions around `add` and `options`: one for each thing that holds expressions. */
function collect(add: Add, options: Options) {
  /** @param as what becomes of its value */
  const expression = (value: Expression | undefined, implied: string, as: readonly How[]): void => {
    if (value !== undefined) node(value.root, options.of(value.text) ?? implied, as);
  };
  const node = (at: Node, option: string, as: readonly How[]): void => {
    const isRead = at.kind === "select" || at.kind === "extension";
    for (const element of named(at)) add(element, option, at.at, isRead ? READ : as);
    // What is compared goes nowhere.
    const below = isRead || (at.kind === "call" && at.type.kind === "bool") ? READ : as;
    for (const child of childrenOf(at)) node(child, option, below);
  };
  const fail = (value: Fail, implied: string): void => {
    const option = options.of(value.at) ?? implied;
    for (const part of value.message ?? []) if (typeof part !== "string") expression(part, option, READ);
    for (const detail of value.details) expression(detail, option, READ);
  };

  const call = (value: Call, ir: IrCall | undefined, path: (option: string) => string): void => {
    const at = ir?.method?.at ?? value.ir.at;
    add(value.method, path("method"), at, BOTH);
    expression(value.request?.expression, path("request"), SET);
    for (const { path: fields, bound, if: condition } of value.set) {
      const name = fields.map((field) => field.name).join(".");
      const bind =
        ir?.set.find((candidate) => candidate.name?.value === name) ?? spreadOf(ir?.set, bound.expression.text);
      const option = path(`set.${bind?.name?.value ?? "spread"}`);
      for (const field of fields) add(field, option, bind?.name?.at ?? bind?.spread?.at ?? at, SET);
      expression(bound.expression, option, SET);
      expression(condition, option, READ);
    }
    for (const { key, by, if: condition } of value.metadata)
      for (const part of [by, condition]) expression(part, path(`metadata.${key}`), READ);
    expression(value.policy.retry.if, path("retry.if"), READ);
    for (const branch of value.policy.branches)
      for (const part of [branch.if, branch.by]) expression(part, path(`branch.${branch.ir.name.value}`), READ);
    for (const rule of value.onError) {
      const implied = path("on_error");
      expression(rule.if, implied, READ);
      if (rule.then.kind === "fallback") expression(rule.then.value.expression, implied, BOTH);
      if (rule.then.kind === "fail") fail(rule.then.fail, implied);
    }
    if (value.batch === undefined) return;
    const { keys, by, items, key } = value.batch;
    const option = path("batch");
    add(keys, option, ir?.batch?.name?.at ?? at, SET);
    add(items, option, ir?.batch?.items?.at ?? at, READ);
    if (key !== undefined) add(key, option, ir?.batch?.key?.at ?? at, READ);
    expression(by.expression, option, SET);
    expression(value.batch.wrap?.element.expression, path("batch.wrap"), SET);
    expression(value.batch.keyBy?.by.expression, path("batch.key_by"), READ);
  };

  const source = (value: Source, ir: IrSource | undefined, path: (option: string) => string): void => {
    switch (value.kind) {
      case "by":
        expression(value.by, path("by"), BOTH);
        return;
      case "call":
        call(value.call, ir?.kind === "call" ? ir : undefined, (option) => path(`call.${option}`));
        return;
      case "compose":
        args(value.args, path);
        return;
      case "each":
        for (const name of ["in", "if", "key"] as const) expression(value[name], path(`each.${name}`), READ);
        source(value.source, ir?.kind === "each" ? ir.source : undefined, (option) => path(`each.${option}`));
        return;
      case "switch":
        for (const [i, branch] of value.cases.entries())
          for (const part of [branch.if, branch.value.expression]) expression(part, path(`switch.case[${i}]`), BOTH);
        expression(value.default?.expression, path("switch.default"), BOTH);
        return;
      case "latest":
        expression(value.key, path("latest.key"), READ);
        return;
      case "guard":
        expression(value.if, path("guard"), READ);
        fail(value.fail, path("guard.fail"));
        return;
      case "shared":
      case "resolver":
        return;
      default:
        value satisfies never;
    }
  };
  const args = (bindings: readonly ArgBinding[], path: (option: string) => string): void => {
    for (const { by, if: condition } of bindings)
      for (const part of [by, condition]) expression(part, path("compose.args.spread"), BOTH);
  };
  const step = (message: UsingBlock, value: Step): void => {
    const path = (option: string): string => options.step(message.desc, value.ir, option);
    expression(value.if, path("if"), READ);
    expression(value.fallback?.expression, path("fallback"), BOTH);
    source(value.source, value.ir.source, path);
  };
  const target = (value: Target): void => {
    const members = value.kind === "oneof" ? value.members : [{ ...value, if: undefined }];
    for (const { field, bound, if: condition } of members) {
      expression(bound.expression, options.element(field, "autobind"), READ);
      expression(condition, options.element(field, "if"), READ);
    }
  };

  return {
    message: (message: UsingBlock): void => {
      for (const value of message.steps) step(message, value);
      for (const value of message.targets) target(value);
    },
    /** What a stream follows, or a topic has its items of. */
    followed: (value: Followed | Topic): void => {
      const own = value.kind === "topic" ? ` topic.${value.topic.name.value}` : `/${value.rpc.desc.name} stream`;
      const path = (option: string): string => `${options.element(value.desc, "").trimEnd()}${own}.${option}`;
      const declared = value.kind === "topic" ? value.topic.call : value.stream.source;
      const ir = declared?.kind === "call" ? declared : undefined;
      if (value.call !== undefined) call(value.call, ir, (option) => path(`call.${option}`));
      else if (value.kind === "topic" && value.event.type.kind === "message")
        add(value.event.type.desc, path("type"), value.topic.type?.at ?? value.topic.at, READ);
      if (value.kind === "stream") {
        expression(value.follow?.key, path("follow.key"), READ);
        expression(value.if, path("if"), READ);
      }
      expression(value.position?.by, path("position"), READ);
      expression(value.until, path("until"), READ);
    },
    /** A copy uses its upstream message and the fields on the upstream's side, whichever way it goes. */
    copied: ({ from, to, owner, position, targets }: MessageConversion, ir: IrMessage): void => {
      const inward = to === owner;
      const as = inward ? READ : SET;
      const fields = new Map(ir.fields.map((field) => [field.desc.name, field]));
      const alias = [ir.alias, ...ir.otherAliases][position];
      add(inward ? from : to, options.element(owner, "alias"), alias?.at ?? ir.at, as);
      const copy = (target: ConvertedTarget, above: readonly DescField[]): void => {
        if (target.kind === "computed") {
          expression(target.bound.expression, options.element(target.to, "by"), as);
          return;
        }
        if (target.kind === "message") {
          for (const part of target.targets) copy(part, [...above, target.to]);
          return;
        }
        for (const pair of target.kind === "field" ? [target] : target.members) {
          const [theirs, ours] = inward ? [pair.from, pair.to] : [pair.to, pair.from];
          const field = fields.get(ours.name);
          if (field === undefined) continue;
          const option = options.element(ours, field.by === undefined ? "alias" : "by");
          for (const one of [...above, theirs]) add(one, option, field.by?.at ?? field.alias?.at ?? field.at, as);
        }
      };
      for (const target of targets) copy(target, []);
    },
    mapped: ({ from, to, owner, position, values }: EnumConversion, ir: IrEnum): void => {
      const inward = to === owner;
      const as = inward ? READ : SET;
      const upstream = inward ? from : to;
      add(upstream, options.element(owner, "alias"), ir.alias[position]?.at ?? ir.at, as);
      for (const value of values) {
        const [theirs, ours] = inward ? [value.from, value.to] : [value.to, value.from];
        const element = upstream.values.find(({ number }) => number === theirs);
        const declared = ir.values.find(({ desc }) => desc.number === ours);
        if (element !== undefined && declared !== undefined)
          add(
            element,
            options.element(declared.desc, declared.alias.length === 0 ? BY_NAME : "alias"),
            (declared.alias.find(({ value }) => value.endsWith(element.name)) ?? declared).at,
            as,
          );
      }
    },
    /** Claims come by their names in JSON from whoever issues tokens; their message may be somebody else's. */
    principal: ({ sources, file }: Identity): void => {
      for (const { name, set } of sources)
        for (const { bound, if: condition } of set ?? [])
          for (const part of [bound.expression, condition]) expression(part, identityPath(file, name, "set"), READ);
    },
    /** Messages and enums of upstreams in the BFF's own requests and responses are seen by its clients, with all that is in them. */
    surface: (root: DescMessage, places: ReadonlyMap<DescField, IrField>, as: readonly How[]): void => {
      for (const message of reachable([root], (type) => type.file.proto.package === root.file.proto.package)) {
        for (const field of message.fields) {
          const place = places.get(field);
          if (place === undefined) continue;
          const option = options.element(field, "type");
          if (field.enum !== undefined) exposed(field.enum, option, place.at, as);
          if (field.message === undefined) continue;
          for (const type of reachable(
            [field.message],
            ({ file }) => file.proto.package !== message.file.proto.package,
          )) {
            add(type, option, place.at, as);
            for (const inner of type.fields) {
              add(inner, option, place.at, as);
              if (inner.enum !== undefined) exposed(inner.enum, option, place.at, as);
            }
          }
        }
      }
    },
  };

  function exposed(type: DescEnum, option: string, at: Origin, as: readonly How[]): void {
    for (const element of [type, ...type.values]) add(element, option, at, as);
  }
}

/** The messages themselves and those in their fields, as far as `within` holds. */
function reachable(roots: readonly DescMessage[], within: (type: DescMessage) => boolean): ReadonlySet<DescMessage> {
  const found = new Set<DescMessage>();
  const open = [...roots];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at) || !within(at)) continue;
    found.add(at);
    for (const { message } of at.fields) if (message !== undefined) open.push(message);
  }
  return found;
}

/** The spread that implies an expression such as `args.workspace_id`. */
function spreadOf(binds: readonly IrBind[] | undefined, text: Text): IrBind | undefined {
  return binds?.find(({ spread }) => spread !== undefined && text.value.startsWith(`${spread.value}.`));
}
