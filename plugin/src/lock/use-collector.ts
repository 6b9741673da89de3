// The elements of upstreams that blocks, conversions, identities and messages use, with the option that names each.

import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import type { UpstreamElement } from "@protobff/messages/upstream-facts.js";
import { childrenOf, type Expression, type Node } from "../cel/index.ts";
import type { Origin, Text } from "../diagnostic/diagnostic.ts";
import type { IrEnum, IrField, IrMessage, IrMethod } from "../ir/ir.ts";
import type { IrBind, IrCall, IrSource } from "../ir/step.ts";
import type { ConvertedTarget, EnumConversion, MessageConversion, Target } from "../model/conversion.ts";
import { pathName } from "../model/path-name.ts";
import { tagExpressions, tagHoles } from "../resolve/model/blocks.ts";
import type { Call, Fail } from "../resolve/model/call.ts";
import type { Identity } from "../resolve/model/edge.ts";
import type {
  ArgBinding,
  Composed,
  Followed,
  Let,
  Opening,
  Permit,
  Purge,
  Source,
  Step,
  Topic,
} from "../resolve/model/model.ts";
import type { How } from "./exchange.ts";
import { named } from "./named-elements.ts";
import { BY_NAME, identityPath, type Options, purgePath, rpcPath } from "./options.ts";

/** A block with steps. */
export type UsingBlock = Composed | Opening | Let | Permit | Followed | Topic;

/**
 * Records the use of an element.
 *
 * @param as uses of the element's value
 */
export type Add = (element: UpstreamElement, option: string, at: Origin, as: readonly How[]) => void;

export const READ: readonly How[] = ["read"];
export const SET: readonly How[] = ["set"];
/** A value with a separate name, or in place of another, may be read or set. */
const BOTH: readonly How[] = [...READ, ...SET];

/** The path of an option within the step or declaration that holds it. */
type OptionPath = (option: string) => string;

/** Calls `add` for each element that something uses. */
export class UseCollector {
  readonly #add: Add;
  readonly #options: Options;

  constructor(add: Add, options: Options) {
    this.#add = add;
    this.#options = options;
  }

  block(block: UsingBlock): void {
    if (block.kind === "stream" || block.kind === "topic") {
      this.#followed(block);
      return;
    }
    for (const value of block.steps) this.#step(block, value);
    for (const value of block.targets) this.#target(value);
  }

  /** A copy uses its upstream message and the fields on the upstream's side, whichever way it goes. */
  copied({ from, to, owner, position, targets }: MessageConversion, ir: IrMessage): void {
    const inward = to === owner;
    const as = inward ? READ : SET;
    const fields = new Map(ir.fields.map((field) => [field.desc.name, field]));
    const alias = [ir.alias, ...ir.otherAliases][position];
    this.#add(inward ? from : to, this.#options.element(owner, "alias"), alias?.at ?? ir.at, as);
    const copy = (target: ConvertedTarget, above: readonly DescField[]): void => {
      if (target.kind === "computed") {
        this.#expression(target.bound.expression, this.#options.element(target.to, "by"), as);
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
        const option = this.#options.element(ours, field.by === undefined ? "alias" : "by");
        for (const upstreamField of [...above, theirs])
          this.#add(upstreamField, option, field.by?.at ?? field.alias?.at ?? field.at, as);
      }
    };
    for (const target of targets) copy(target, []);
  }

  mapped({ from, to, owner, position, values }: EnumConversion, ir: IrEnum): void {
    const inward = to === owner;
    const as = inward ? READ : SET;
    const upstream = inward ? from : to;
    this.#add(upstream, this.#options.element(owner, "alias"), ir.alias[position]?.at ?? ir.at, as);
    for (const value of values) {
      const [theirs, ours] = inward ? [value.from, value.to] : [value.to, value.from];
      const declared = ir.values.find(({ desc }) => desc.number === ours);
      const sameNumber = upstream.values.filter(({ number }) => number === theirs);
      const names = declared && [declared.desc.name, ...declared.alias.map((alias) => alias.value)];
      const element = sameNumber.find(({ name }) => names?.some((text) => text.endsWith(name))) ?? sameNumber[0];
      if (element !== undefined && declared !== undefined)
        this.#add(
          element,
          this.#options.element(declared.desc, declared.alias.length === 0 ? BY_NAME : "alias"),
          (declared.alias.find(({ value }) => value.endsWith(element.name)) ?? declared).at,
          as,
        );
    }
  }

  /** Claims have their JSON names from the issuer of tokens; their message may belong to another party. */
  principal({ sources, file }: Identity): void {
    for (const { name, set } of sources)
      for (const { bound, if: condition } of set ?? [])
        for (const part of [bound.expression, condition]) this.#expression(part, identityPath(file, name, "set"), READ);
  }

  /**
   * Records messages and enums of upstreams in the BFF's own requests and responses, because clients see all their
   * contents.
   */
  surface({ rpc, root, as }: Surface, places: ReadonlyMap<DescField, IrField>): void {
    const { package: name } = rpc.desc.parent.file.proto;
    if (root.file.proto.package !== name)
      this.#whole(root, name, { option: rpcPath(rpc.desc, "type"), at: rpc.at, as });
    for (const message of reachable([root], (type) => type.file.proto.package === name))
      for (const field of message.fields) {
        const place = places.get(field);
        if (place !== undefined)
          this.#surfaceField(field, { option: this.#options.element(field, "type"), at: place.at, as });
      }
  }

  #step(message: UsingBlock, value: Step): void {
    const path = (option: string): string => this.#options.step(message.desc, value.ir, option);
    this.#expression(value.if, path("if"), READ);
    this.#expression(value.fallback?.expression, path("fallback"), BOTH);
    this.#source(value.source, value.ir.source, path);
  }

  #target(value: Target): void {
    const members = value.kind === "oneof" ? value.members : [{ ...value, if: undefined }];
    for (const { field, bound, if: condition } of members) {
      this.#expression(bound.expression, this.#options.element(field, "autobind"), READ);
      this.#expression(condition, this.#options.element(field, "if"), READ);
    }
  }

  purge({ ir, file, type, tags }: Purge): void {
    const path = (option: string): string => `${purgePath(file, ir)}.${option}`;
    this.#add(type, path("type"), ir.type.at, READ);
    for (const by of tagExpressions({ tags })) this.#expression(by, path("tag"), READ);
  }

  /** The source of a stream or of a topic, with its conditions. */
  #followed(value: Followed | Topic): void {
    const suffix = value.kind === "topic" ? ` topic.${value.topic.name.value}` : `/${value.rpc.desc.name} stream`;
    const path = (option: string): string => `${this.#options.element(value.desc, "").trimEnd()}${suffix}.${option}`;
    const declared = value.kind === "topic" ? value.topic.call : value.stream.source;
    const ir = declared?.kind === "call" ? declared : undefined;
    if (value.call !== undefined) this.#call(value.call, ir, (option) => path(`call.${option}`));
    else if (value.kind === "topic" && value.event.type.kind === "message")
      this.#add(value.event.type.desc, path("type"), value.topic.type?.at ?? value.topic.at, READ);
    if (value.kind === "stream") {
      this.#expression(value.follow?.key, path("follow.key"), READ);
      this.#expression(value.if, path("if"), READ);
    }
    this.#expression(value.position?.by, path("position"), READ);
    this.#expression(value.until, path("until"), READ);
  }

  #source(value: Source, ir: IrSource | undefined, path: OptionPath): void {
    switch (value.kind) {
      case "by":
        this.#expression(value.by, path("by"), BOTH);
        return;
      case "call":
        this.#call(value.call, ir?.kind === "call" ? ir : undefined, (option) => path(`call.${option}`));
        return;
      case "compose":
        this.#args(value.args, path);
        return;
      case "each":
        for (const name of ["in", "if", "key"] as const) this.#expression(value[name], path(`each.${name}`), READ);
        this.#source(value.source, ir?.kind === "each" ? ir.source : undefined, (option) => path(`each.${option}`));
        return;
      case "switch":
        for (const [i, branch] of value.cases.entries())
          for (const part of [branch.if, branch.value.expression])
            this.#expression(part, path(`switch.case[${i}]`), BOTH);
        this.#expression(value.default?.expression, path("switch.default"), BOTH);
        return;
      case "latest":
        this.#expression(value.key, path("latest.key"), READ);
        return;
      case "guard":
        this.#expression(value.if, path("guard"), READ);
        this.#fail(value.fail, path("guard.fail"));
        return;
      case "shared":
      case "resolver":
        return;
      default:
        value satisfies never;
    }
  }

  #args(bindings: readonly ArgBinding[], path: OptionPath): void {
    for (const { by, if: condition } of bindings)
      for (const part of [by, condition]) this.#expression(part, path("compose.args.spread"), BOTH);
  }

  #call(value: Call, ir: IrCall | undefined, path: OptionPath): void {
    this.#add(value.method, path("method"), ir?.method?.at ?? value.ir.at, BOTH);
    this.#expression(value.request?.expression, path("request"), SET);
    this.#set(value, ir, path);
    for (const { key, by, if: condition } of value.metadata)
      for (const part of [by, condition]) this.#expression(part, path(`metadata.${key}`), READ);
    this.#expression(value.policy.retry.if, path("retry.if"), READ);
    for (const { by } of tagHoles(value.policy)) this.#expression(by, path("cache.tag"), READ);
    for (const branch of value.policy.branches)
      for (const part of [branch.if, branch.by]) this.#expression(part, path(`branch.${branch.ir.name.value}`), READ);
    this.#expression(value.policy.shard?.rule?.by, path("shard"), READ);
    this.#expression(value.shard?.by, path(value.shard?.isName === true ? "shard.name" : "shard.by"), READ);
    for (const rule of value.onError) {
      const implied = path("on_error");
      this.#expression(rule.if, implied, READ);
      if (rule.then.kind === "fallback") this.#expression(rule.then.value.expression, implied, BOTH);
      if (rule.then.kind === "fail") this.#fail(rule.then.fail, implied);
    }
    this.#batch(value, ir, path);
  }

  #set(value: Call, ir: IrCall | undefined, path: OptionPath): void {
    const at = ir?.method?.at ?? value.ir.at;
    for (const { path: fields, bound, if: condition } of value.set) {
      const name = pathName(fields);
      const bind =
        ir?.set.find((candidate) => candidate.name?.value === name) ?? spreadOf(ir?.set, bound.expression.text);
      const option = path(`set.${bind?.name?.value ?? "spread"}`);
      for (const field of fields) this.#add(field, option, bind?.name?.at ?? bind?.spread?.at ?? at, SET);
      this.#expression(bound.expression, option, SET);
      this.#expression(condition, option, READ);
    }
    for (const { path: fields, at: place } of value.masks)
      for (const field of fields) this.#add(field, path(`set.${pathName(fields)}`), place, SET);
  }

  #batch(value: Call, ir: IrCall | undefined, path: OptionPath): void {
    if (value.batch === undefined) return;
    const at = ir?.method?.at ?? value.ir.at;
    const { keys, by, items, key } = value.batch;
    const option = path("batch");
    this.#add(keys, option, ir?.batch?.name?.at ?? at, SET);
    this.#add(items, option, ir?.batch?.items?.at ?? at, READ);
    if (key !== undefined) this.#add(key, option, ir?.batch?.key?.at ?? at, READ);
    this.#expression(by.expression, option, SET);
    this.#expression(value.batch.wrap?.element.expression, path("batch.wrap"), SET);
    this.#expression(value.batch.keyBy?.by.expression, path("batch.key_by"), READ);
  }

  #fail(value: Fail, implied: string): void {
    const option = this.#options.of(value.at) ?? implied;
    for (const part of value.message ?? []) if (typeof part !== "string") this.#expression(part, option, READ);
    for (const detail of value.details) this.#expression(detail, option, READ);
  }

  /**
   * Records the elements of an expression.
   *
   * @param as uses of its value
   */
  #expression(value: Expression | undefined, implied: string, as: readonly How[]): void {
    if (value !== undefined) this.#node(value.root, this.#options.of(value.text) ?? implied, as);
  }

  #node(at: Node, option: string, as: readonly How[]): void {
    const isRead = at.kind === "select" || at.kind === "extension";
    for (const element of named(at)) this.#add(element, option, at.at, isRead ? READ : as);
    // Operands of a condition are only read.
    const below = isRead || (at.kind === "call" && at.type.kind === "bool") ? READ : as;
    for (const child of childrenOf(at)) this.#node(child, option, below);
  }

  #surfaceField(field: DescField, use: WholeUse): void {
    if (field.enum !== undefined) this.#exposed(field.enum, use);
    if (field.message !== undefined) this.#whole(field.message, field.parent.file.proto.package, use);
  }

  /** @param home the package whose messages clients see anyway */
  #whole(root: DescMessage, home: string, use: WholeUse): void {
    for (const type of reachable([root], ({ file }) => file.proto.package !== home)) {
      this.#add(type, use.option, use.at, use.as);
      for (const inner of type.fields) {
        this.#add(inner, use.option, use.at, use.as);
        if (inner.enum !== undefined) this.#exposed(inner.enum, use);
      }
    }
  }

  #exposed(type: DescEnum, { option, at, as }: WholeUse): void {
    for (const element of [type, ...type.values]) this.#add(element, option, at, as);
  }
}

/** The request or the response of an rpc. */
interface Surface {
  readonly rpc: Pick<IrMethod, "desc" | "at">;
  readonly root: DescMessage;
  readonly as: readonly How[];
}

/** The option through which clients see a type with all its contents. */
interface WholeUse {
  readonly option: string;
  readonly at: Origin;
  readonly as: readonly How[];
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
