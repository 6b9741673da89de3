// The options of a file by a path that stays when code moves: names instead of lines, and places in lists only where there is no name.
import type { DescEnum, DescEnumValue, DescField, DescMessage, DescService } from "@bufbuild/protobuf";
import type { Ir, IrFile } from "../ir.ts";
import type { IrPermit } from "../ir-edge.ts";
import type { IrBind, IrCall, IrErrorRule, IrFailure, IrPolicy, IrSource, IrStep } from "../ir-step.ts";
import type { IrStream, IrTopic } from "../ir-stream.ts";
import type { Origin, Text } from "../origin.ts";

export interface Option {
  /** "web/v1/web.proto: web.v1.Dashboard let.usage.call.method". */
  readonly path: string;
  readonly at: Origin;
  /** What is written in it. */
  readonly texts: readonly Text[];
  /** Whether it means elements that it does not name: a spread, or a value of the same name. */
  readonly implies: boolean;
}

export interface Options {
  readonly at: (path: string) => Option | undefined;
  /** The option that a text, or a failure, stands in. */
  readonly of: (text: Text | Origin) => string | undefined;
  /** The path of a step's option, as in `step(message, step, "call.method")`. */
  readonly step: (message: DescMessage | DescService, step: IrStep, option: string) => string;
  readonly element: (element: OptionElement, option: string) => string;
}

/** Long, for it is many functions that fill the same three maps: one for each message of options.proto. */
export function optionsOf(ir: Ir): Options {
  const options = new Map<string, Option>();
  const paths = new Map<Text | Origin, string>();
  const stepPaths = new Map<IrStep, string>();

  const add = (path: string, at: Origin | undefined, ...texts: readonly (Text | undefined)[]): void => {
    if (at === undefined) return;
    const found = texts.filter((text) => text !== undefined);
    const before = options.get(path);
    // Several of one name are one option: the first place, all texts.
    const implies = path.endsWith(".spread") || path.endsWith(` ${BY_NAME}`);
    options.set(path, { path, at: before?.at ?? at, texts: [...(before?.texts ?? []), ...found], implies });
    for (const text of found) if (!paths.has(text)) paths.set(text, path);
  };
  const addText = (path: string, text: Text | undefined): void => add(path, text?.at, text);

  const addBinds = (path: string, binds: readonly IrBind[]): void => {
    for (const bind of binds)
      add(`${path}.${bind.name?.value ?? "spread"}`, bind.at, bind.name, bind.by, bind.if, bind.spread);
  };
  const addFailure = (path: string, fail: IrFailure | undefined): void => {
    if (fail === undefined) return;
    add(path, fail.at, fail.message, ...fail.details);
    if (!paths.has(fail.at)) paths.set(fail.at, path);
  };
  const addErrorRule = (path: string, rule: IrErrorRule): void => {
    add(path, rule.at, rule.if, rule.then?.kind === "fallback" ? rule.then.by : undefined);
    if (rule.then?.kind === "fail") addFailure(`${path}.fail`, rule.then.fail);
  };
  const addPolicy = (path: string, policy: IrPolicy): void => {
    addBinds(`${path}.metadata`, policy.metadata);
    addText(`${path}.retry.if`, policy.retry?.if);
    for (const { name, at, if: condition, by } of policy.branches)
      add(`${path}.branch.${name.value}`, at, condition, by);
    for (const [i, rule] of policy.onError.entries()) addErrorRule(`${path}.on_error[${i}]`, rule);
    const { readOnly } = policy;
    add(`${path}.read_only`, readOnly?.at);
    if (readOnly !== undefined) paths.set(readOnly.at, `${path}.read_only`);
  };
  const addCall = (path: string, call: IrCall): void => {
    addText(`${path}.method`, call.method);
    addText(`${path}.request`, call.request);
    addBinds(`${path}.set`, call.set);
    addPolicy(path, call.policy);
    const { batch } = call;
    add(`${path}.batch`, batch?.at, batch?.name, batch?.by, batch?.items, batch?.key);
    add(`${path}.batch.wrap`, batch?.wrap?.at, batch?.wrap);
    add(`${path}.batch.key_by`, batch?.keyBy?.at, batch?.keyBy);
  };
  const addSource = (path: string, source: IrSource): void => {
    switch (source.kind) {
      case "by":
        addText(`${path}.by`, source.by);
        return;
      case "call":
        addCall(`${path}.call`, source);
        return;
      case "compose":
        addBinds(`${path}.compose.args`, source.args);
        return;
      case "each":
        for (const name of ["in", "if", "key"] as const) addText(`${path}.each.${name}`, source[name]);
        if (source.source !== undefined) addSource(`${path}.each`, source.source);
        return;
      case "switch":
        for (const [i, branch] of source.cases.entries())
          add(`${path}.switch.case[${i}]`, branch.at, branch.if, branch.by);
        addText(`${path}.switch.default`, source.default);
        return;
      case "latest":
        addText(`${path}.latest.key`, source.key);
        return;
      case "guard":
        add(`${path}.guard`, source.if?.at, source.if);
        addFailure(`${path}.guard.fail`, source.fail);
        return;
      default:
        source satisfies never;
    }
  };
  const addSteps = (owner: string, steps: readonly IrStep[]): void => {
    let unnamed = 0;
    for (const step of steps) {
      const path = `${owner} let${step.name === undefined ? `[${unnamed++}]` : `.${step.name.value}`}`;
      stepPaths.set(step, path);
      addText(`${path}.if`, step.if);
      addText(`${path}.fallback`, step.fallback);
      if (step.source !== undefined) addSource(path, step.source);
    }
  };
  const addPermit = (path: string, permit: IrPermit | undefined): void => {
    if (permit === undefined) return;
    addText(`${path}.if`, permit.if);
    addFailure(`${path}.fail`, permit.fail);
    addSteps(path, permit.steps);
  };
  const addStream = (path: string, stream: IrStream | IrTopic | undefined): void => {
    if (stream === undefined) return;
    const source = stream.kind === "topic" ? stream.call : stream.source;
    if (source?.kind === "call") addCall(`${path}.call`, source);
    else addText(`${path}.follow.key`, source?.key);
    addText(`${path}.position`, stream.position);
    addText(`${path}.until`, stream.until);
    if (stream.kind === "stream") addText(`${path}.if`, stream.if);
    else add(`${path}.type`, stream.type?.at ?? stream.at, stream.type);
  };
  const addFile = (file: IrFile): void => {
    for (const entry of file.upstreams)
      addPolicy(
        `${file.desc.proto.name}: upstream[${entry.method?.value ?? entry.service?.value ?? "*"}]`,
        entry.policy,
      );
    for (const { name, set } of file.identity?.sources ?? [])
      if (name !== undefined) addBinds(identityPath(file, name.value, "set"), set);
    for (const service of file.services) {
      const path = elementPath(service.desc, "").trimEnd();
      addSteps(path, service.steps);
      addPermit(`${path} permit`, service.permit);
      for (const { desc, permit } of service.methods) addPermit(`${path}/${desc.name} permit`, permit);
      for (const topic of service.topics) addStream(`${path} topic.${topic.name.value}`, topic);
      for (const { desc, stream } of service.methods) addStream(`${path}/${desc.name} stream`, stream);
    }
    for (const message of file.messages) {
      add(elementPath(message.desc, "alias"), message.alias?.at, message.alias, ...message.otherAliases);
      addSteps(elementPath(message.desc, "").trimEnd(), message.steps);
      for (const field of message.fields) {
        for (const option of ["by", "if"] as const) addText(elementPath(field.desc, option), field[option]);
        add(elementPath(field.desc, "alias"), field.at, field.alias);
        for (const option of ["autobind", "type"]) add(elementPath(field.desc, option), field.at);
      }
    }
    for (const declared of file.enums) {
      const [alias] = declared.alias;
      if (alias === undefined) continue;
      add(elementPath(declared.desc, "alias"), alias.at, ...declared.alias);
      for (const value of declared.values) {
        const [first] = value.alias;
        if (first !== undefined) add(elementPath(value.desc, "alias"), first.at, ...value.alias);
        else if (value.noAlias?.value !== true) add(elementPath(value.desc, BY_NAME), value.at);
      }
    }
  };
  for (const file of ir.files) addFile(file);

  return {
    at: (path) => options.get(path),
    of: (text) => paths.get(text),
    step: (message, step, option) => `${stepPaths.get(step) ?? elementPath(message, "let")}.${option}`,
    element: elementPath,
  };
}

/** What an identity's source says of claims. */
export const identityPath = ({ desc }: IrFile, source: string, option: string): string =>
  `${desc.proto.name}: identity.${source}.${option}`;
export const isOfIdentity = (path: string): boolean => path.slice(path.indexOf(": ") + 2).startsWith("identity.");

/** The option that a value of a mapped enum would have, had it not the upstream's name. */
export const BY_NAME = "name";

type OptionElement = DescMessage | DescService | DescField | DescEnum | DescEnumValue;

function elementPath(element: OptionElement, option: string): string {
  const file = element.kind === "field" || element.kind === "enum_value" ? element.parent.file : element.file;
  const name =
    element.kind === "field" || element.kind === "enum_value"
      ? `${element.parent.typeName}.${element.name}`
      : element.typeName;
  return `${file.proto.name}: ${name} ${option}`;
}
