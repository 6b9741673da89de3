// Options of a file by paths that stay when code moves: names instead of lines, and indexes in lists only for elements
// without a name.
import type { DescEnum, DescEnumValue, DescField, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Origin, Text } from "../diagnostic/diagnostic.ts";
import type { IrPermit, IrPurge } from "../ir/edge.ts";
import type { Ir, IrFile } from "../ir/ir.ts";
import type {
  IrBind,
  IrCall,
  IrErrorRule,
  IrFailure,
  IrPolicy,
  IrSource,
  IrStep,
  IrStream,
  IrTopic,
} from "../ir/step.ts";

export interface ProtoOption {
  /** "web/v1/web.proto: web.v1.Dashboard let.usage.call.method". */
  readonly path: string;
  readonly at: Origin;
  /** Texts in the option. */
  readonly texts: readonly Text[];
  /** How it implies elements that it does not name; undefined: it names them, or takes types whole. */
  readonly implies: Implication | undefined;
}

/** A spread, a value of the same name, or a field that `autobind` fills. */
type Implication = "spread" | "name" | "binding";

export interface Options {
  at(path: string): ProtoOption | undefined;
  /** Returns the option that contains a text or a failure. */
  of(text: Text | Origin): string | undefined;
  /** The path of a step's option, as in `step(message, step, "call.method")`. */
  step(message: DescMessage | DescService, step: IrStep, option: string): string;
  element(element: OptionElement, option: string): string;
}

/** The options of all files. Each method adds those of one message of options.proto. */
class OptionPaths implements Options {
  readonly #options = new Map<string, ProtoOption>();
  readonly #paths = new Map<Text | Origin, string>();
  readonly #stepPaths = new Map<IrStep, string>();

  constructor(ir: Ir) {
    for (const file of ir.files) this.#addFile(file);
  }

  at(path: string): ProtoOption | undefined {
    return this.#options.get(path);
  }

  of(text: Text | Origin): string | undefined {
    return this.#paths.get(text);
  }

  step(message: DescMessage | DescService, step: IrStep, option: string): string {
    return `${this.#stepPaths.get(step) ?? elementPath(message, "let")}.${option}`;
  }

  element(element: OptionElement, option: string): string {
    return elementPath(element, option);
  }

  #add(path: string, at: Origin | undefined, ...texts: readonly (Text | undefined)[]): void {
    if (at === undefined) return;
    const found = texts.filter((text) => text !== undefined);
    const before = this.#options.get(path);
    // Several of one name are one option: the first place, all texts.
    const implies = implicationOf(path);
    this.#options.set(path, { path, at: before?.at ?? at, texts: [...(before?.texts ?? []), ...found], implies });
    for (const text of found) if (!this.#paths.has(text)) this.#paths.set(text, path);
  }

  #addText(path: string, text: Text | undefined): void {
    this.#add(path, text?.at, text);
  }

  #addBinds(path: string, binds: readonly IrBind[]): void {
    for (const bind of binds)
      this.#add(`${path}.${bind.name?.value ?? SPREAD}`, bind.at, bind.name, bind.by, bind.if, bind.spread);
  }

  #addFailure(path: string, fail: IrFailure | undefined): void {
    if (fail === undefined) return;
    this.#add(path, fail.at, fail.message, ...fail.details);
    if (!this.#paths.has(fail.at)) this.#paths.set(fail.at, path);
  }

  #addErrorRule(path: string, rule: IrErrorRule): void {
    this.#add(path, rule.at, rule.if, rule.then?.kind === "fallback" ? rule.then.by : undefined);
    if (rule.then?.kind === "fail") this.#addFailure(`${path}.fail`, rule.then.fail);
  }

  #addPolicy(path: string, policy: IrPolicy): void {
    this.#addBinds(`${path}.metadata`, policy.metadata);
    this.#addText(`${path}.retry.if`, policy.retry?.if);
    const tags = policy.cache?.tags ?? [];
    this.#add(`${path}.cache.tag`, tags[0]?.at, ...tags);
    for (const { name, at, if: condition, by } of policy.branches)
      this.#add(`${path}.branch.${name.value}`, at, condition, by);
    for (const [i, rule] of policy.onError.entries()) this.#addErrorRule(`${path}.on_error[${i}]`, rule);
    const { readOnly } = policy;
    this.#add(`${path}.read_only`, readOnly?.at);
    if (readOnly !== undefined) this.#paths.set(readOnly.at, `${path}.read_only`);
  }

  #addCall(path: string, call: IrCall): void {
    this.#addText(`${path}.method`, call.method);
    this.#addText(`${path}.request`, call.request);
    this.#addBinds(`${path}.set`, call.set);
    this.#addPolicy(path, call.policy);
    const { batch } = call;
    this.#add(`${path}.batch`, batch?.at, batch?.name, batch?.by, batch?.items, batch?.key);
    this.#add(`${path}.batch.wrap`, batch?.wrap?.at, batch?.wrap);
    this.#add(`${path}.batch.key_by`, batch?.keyBy?.at, batch?.keyBy);
    this.#addText(`${path}.shard.${call.shard?.isName === true ? "name" : "by"}`, call.shard?.text);
  }

  #addSource(path: string, source: IrSource): void {
    switch (source.kind) {
      case "by":
        this.#addText(`${path}.by`, source.by);
        return;
      case "call":
        this.#addCall(`${path}.call`, source);
        return;
      case "compose":
        this.#addBinds(`${path}.compose.args`, source.args);
        return;
      case "each":
        for (const name of ["in", "if", "key"] as const) this.#addText(`${path}.each.${name}`, source[name]);
        if (source.source !== undefined) this.#addSource(`${path}.each`, source.source);
        return;
      case "switch":
        for (const [i, branch] of source.cases.entries())
          this.#add(`${path}.switch.case[${i}]`, branch.at, branch.if, branch.by);
        this.#addText(`${path}.switch.default`, source.default);
        return;
      case "latest":
        this.#addText(`${path}.latest.key`, source.key);
        return;
      case "guard":
        this.#add(`${path}.guard`, source.if?.at, source.if);
        this.#addFailure(`${path}.guard.fail`, source.fail);
        return;
      default:
        source satisfies never;
    }
  }

  #addSteps(owner: string, steps: readonly IrStep[]): void {
    let unnamed = 0;
    for (const step of steps) {
      const path = `${owner} let${step.name === undefined ? `[${unnamed++}]` : `.${step.name.value}`}`;
      this.#stepPaths.set(step, path);
      this.#addText(`${path}.if`, step.if);
      this.#addText(`${path}.fallback`, step.fallback);
      if (step.source !== undefined) this.#addSource(path, step.source);
    }
  }

  #addPermit(path: string, permit: IrPermit | undefined): void {
    if (permit === undefined) return;
    this.#addText(`${path}.if`, permit.if);
    this.#addFailure(`${path}.fail`, permit.fail);
    this.#addSteps(path, permit.steps);
  }

  #addStream(path: string, stream: IrStream | IrTopic | undefined): void {
    if (stream === undefined) return;
    const source = stream.kind === "topic" ? stream.call : stream.source;
    if (source?.kind === "call") this.#addCall(`${path}.call`, source);
    else this.#addText(`${path}.follow.key`, source?.key);
    this.#addText(`${path}.position`, stream.position);
    this.#addText(`${path}.until`, stream.until);
    if (stream.kind === "stream") this.#addText(`${path}.if`, stream.if);
    else this.#add(`${path}.type`, stream.type?.at ?? stream.at, stream.type);
  }

  #addFile(file: IrFile): void {
    for (const entry of file.upstreams) {
      const path = `${file.desc.proto.name}: upstream[${entry.method?.value ?? entry.service?.value ?? "*"}]`;
      this.#addPolicy(path, entry.policy);
      this.#addText(`${path}.shard.by`, entry.shard?.by);
    }
    for (const purge of file.purges) {
      this.#add(`${purgePath(file, purge)}.type`, purge.type.at, purge.type);
      this.#add(`${purgePath(file, purge)}.tag`, purge.tags[0]?.at, ...purge.tags);
    }
    for (const { name, set } of file.identity?.sources ?? [])
      if (name !== undefined) this.#addBinds(identityPath(file, name.value, "set"), set);
    for (const service of file.services) {
      const path = elementPath(service.desc, "").trimEnd();
      this.#addSteps(path, service.steps);
      this.#addPermit(`${path} permit`, service.permit);
      for (const { desc, permit, at } of service.methods) {
        this.#add(rpcPath(desc, "type"), at);
        this.#addPermit(rpcPath(desc, "permit"), permit);
      }
      for (const topic of service.topics) this.#addStream(`${path} topic.${topic.name.value}`, topic);
      for (const { desc, stream, live } of service.methods) {
        this.#addStream(rpcPath(desc, "stream"), stream);
        this.#add(rpcPath(desc, "stream.live.on"), live?.on[0]?.at, ...(live?.on ?? []));
      }
    }
    for (const message of file.messages) {
      this.#add(elementPath(message.desc, "alias"), message.alias?.at, message.alias, ...message.otherAliases);
      // The steps and the sources of a subset are options of the composed message.
      const { desc } = message.subset?.of ?? message;
      this.#addSteps(elementPath(desc, "").trimEnd(), message.steps);
      for (const field of message.fields.filter(({ left }) => !left)) {
        const source = field.source?.desc ?? field.desc;
        for (const option of ["by", "if"] as const) this.#addText(elementPath(source, option), field[option]);
        this.#add(elementPath(field.desc, "alias"), field.at, field.alias);
        for (const option of ["autobind", "type"]) this.#add(elementPath(field.desc, option), field.at);
      }
    }
    for (const declared of file.enums) {
      const [alias] = declared.alias;
      if (alias === undefined) continue;
      this.#add(elementPath(declared.desc, "alias"), alias.at, ...declared.alias);
      for (const value of declared.values) {
        const [first] = value.alias;
        if (first !== undefined) this.#add(elementPath(value.desc, "alias"), first.at, ...value.alias);
        else if (value.noAlias?.value !== true) this.#add(elementPath(value.desc, BY_NAME), value.at);
      }
    }
  }
}

export const optionsOf = (ir: Ir): Options => new OptionPaths(ir);

/** Returns the path of an option about claims in a source of an identity. */
export const identityPath = ({ desc }: IrFile, source: string, option: string): string =>
  `${desc.proto.name}: identity.${source}.${option}`;
export const isOfIdentity = (path: string): boolean => path.slice(path.indexOf(": ") + 2).startsWith("identity.");

/** The option that a value of a mapped enum would have, had it not the upstream's name. */
export const BY_NAME = "name";
export const SPREAD = "spread";

function implicationOf(path: string): Implication | undefined {
  if (path.endsWith(`.${SPREAD}`)) return "spread";
  if (path.endsWith(` ${BY_NAME}`)) return "name";
  return path.endsWith(" autobind") ? "binding" : undefined;
}

type OptionElement = DescMessage | DescService | DescField | DescEnum | DescEnumValue;

function elementPath(element: OptionElement, option: string): string {
  const file = element.kind === "field" || element.kind === "enum_value" ? element.parent.file : element.file;
  const name =
    element.kind === "field" || element.kind === "enum_value"
      ? `${element.parent.typeName}.${element.name}`
      : element.typeName;
  return `${file.proto.name}: ${name} ${option}`;
}

/** Returns the path of an option of an rpc; "type" are the types of its request and response. */
export const rpcPath = (rpc: DescMethod, option: string): string =>
  `${rpc.parent.file.proto.name}: ${rpc.parent.typeName}/${rpc.name} ${option}`;

/** Returns the path of the option about the events of a subject. */
export const purgePath = ({ desc }: IrFile, { subject }: IrPurge): string =>
  `${desc.proto.name}: purge[${subject.value}]`;
