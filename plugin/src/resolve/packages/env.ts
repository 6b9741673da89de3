// Variables of the environment, as a package, a service's steps and a message see them.

import { DurationSchema } from "@bufbuild/protobuf/wkt";
import type { CelType, Variable } from "../../cel/index.ts";
import { fault } from "../../diagnostic/diagnostic.ts";
import type { EnvShape, Ir, IrEnvVar, IrFile, IrMessage, IrMethod, IrService } from "../../ir/ir.ts";
import { protoOf } from "../../model/proto-of.ts";
import { envMentions } from "../graph/env-mentions.ts";
import type { Mention } from "../graph/let-graph.ts";
import type { EnvVar } from "../model/model.ts";
import type { PackageContext, Run } from "../steps/context.ts";
import { agreedEnv, packageOf, sameShape } from "./env-agreement.ts";
import { reportLack } from "./lack.ts";

/** Environment variables in scope. */
interface SeenEnv {
  readonly variables: readonly EnvVar[];
  /** The names of those with a fault, which has been reported. */
  readonly broken: ReadonlySet<string>;
  /** `env` itself. */
  readonly group: Variable;
}

export function seen(variables: readonly EnvVar[], broken: Iterable<string>): SeenEnv {
  const members = new Map(variables.map(({ ir, variable }) => [ir.name.value, variable]));
  const group: Variable = {
    name: "env",
    role: "env",
    type: { kind: "struct", members },
    proto: undefined,
    absent: false,
  };
  return { variables, broken: new Set(broken), group };
}

/** Resolves the variables that the files of a package declare. */
export function packageEnv(run: Run, declared: readonly IrEnvVar[]): Pick<PackageContext, "env" | "brokenEnv"> {
  const agreed = agreedEnv(declared, run);
  const faulty = agreed.filter(({ shape }) => shape === undefined);
  return { env: envVars(run.ir, agreed), brokenEnv: new Set(faulty.map(({ name }) => name.value)) };
}

/** Returns the variables in the scope of a service's steps. */
export function envOfLet(
  run: Run,
  ir: IrService,
  file: IrFile,
  context: PackageContext,
  report: Run["report"],
): SeenEnv {
  const messageEnv = besides(context, ir.env);
  const mentions = envMentions(run.ir, ir, file);
  const broken = new Set([...context.brokenEnv, ...faulty(messageEnv)]);
  for (const has of elsewhere(run, context, [ir])) {
    const mention = mentions.get(has.declared.name.value);
    if (mention === undefined) continue;
    reportLack(run, { ...lackOf(has, mention), lacks: ir }, undefined, report);
    broken.add(has.declared.name.value);
  }
  return seen([...context.env, ...envVars(run.ir, messageEnv)], broken);
}

/**
 * Returns the variables in the scope of a message: those of its package, and those that all of its services declare.
 */
export function envOfMessage(
  run: Run,
  ir: IrMessage,
  file: IrFile,
  { context, roots }: { readonly context: PackageContext; readonly roots: readonly IrMethod[] },
  report: Run["report"],
): SeenEnv {
  const services = [...new Set(roots.flatMap((root) => run.lets.serviceOf.get(root) ?? []))];
  const broken = new Set(context.brokenEnv);
  // The future service of an uncomposed message is unknown, so a variable of any service may be meant.
  if (run.uncomposed.has(ir)) for (const { declared } of elsewhere(run, context, [])) broken.add(declared.name.value);
  const taken: EnvVar[] = [];
  const owned = besides(
    context,
    services.flatMap(({ env }) => env),
  );
  const [service] = services;
  const others = service === undefined ? [] : elsewhere(run, context, services);
  const isFree = owned.length + others.length === 0;
  const mentions = isFree ? new Map<string, Mention>() : envMentions(run.ir, ir, file);
  for (const name of new Set(owned.map(({ name }) => name.value))) {
    const mention = mentions.get(name);
    const all = services.map((service) => ({
      service,
      declared: service.env.find((envVar) => envVar.name.value === name),
    }));
    const has = all.flatMap(({ service, declared }) => (declared === undefined ? [] : [{ service, declared }]));
    const lacks = all.find(({ declared }) => declared === undefined);
    const [first] = has;
    if (first === undefined) continue;
    if (lacks !== undefined && mention !== undefined) {
      reportLack(run, { ...lackOf(first, mention), lacks: lacks.service }, { message: ir, roots }, report);
    }
    const [variable] = envVars(run.ir, [first.declared]);
    const usable =
      lacks === undefined && variable !== undefined && faulty(has.map(({ declared }) => declared)).length === 0;
    if (usable && agreesInType(ir, has, mention, report)) taken.push(variable);
    else broken.add(name);
  }
  // Variables that only services of other messages declare.
  for (const has of others) {
    const mention = mentions.get(has.declared.name.value);
    if (service === undefined || mention === undefined) continue;
    reportLack(run, { ...lackOf(has, mention), lacks: service }, { message: ir, roots }, report);
    broken.add(has.declared.name.value);
  }
  return seen([...context.env, ...taken], broken);
}

interface Has {
  readonly service: IrService;
  readonly declared: IrEnvVar;
}

const faulty = (declared: readonly IrEnvVar[]): string[] =>
  declared.flatMap(({ name, shape }) => (shape === undefined ? [name.value] : []));

/** Returns the variables that the package lacks. A repetition of the package's variables has been reported. */
function besides({ env, brokenEnv }: PackageContext, declared: readonly IrEnvVar[]): IrEnvVar[] {
  const known = new Set([...env.map(({ ir }) => ir.name.value), ...brokenEnv]);
  return declared.filter(({ name }) => !known.has(name.value));
}

const withEnv = new WeakMap<Run["ir"], readonly IrService[]>();
/** Returns the services that declare variables. The list is built once, because every message needs it. */
function servicesWithEnv(ir: Run["ir"]): readonly IrService[] {
  const known = withEnv.get(ir) ?? ir.files.flatMap(({ services }) => services.filter(({ env }) => env.length > 0));
  withEnv.set(ir, known);
  return known;
}

/** Returns the variables that other services have and these services lack, each name once. */
function elsewhere(run: Run, context: PackageContext, services: readonly IrService[]): Has[] {
  const localNames = new Set(services.flatMap(({ env }) => env.map(({ name }) => name.value)));
  const found = new Map<string, Has>();
  for (const service of servicesWithEnv(run.ir)) {
    for (const declared of besides(context, service.env)) {
      const name = declared.name.value;
      if (!localNames.has(name) && !found.has(name)) found.set(name, { service, declared });
    }
  }
  return [...found.values()];
}

function lackOf({ service, declared: { name } }: Has, mention: Mention) {
  const declare = `"${name.value}" in the \`env\``;
  return { name: `env.${name.value}`, what: "variable", declare, mention, has: { service, at: name.at } };
}

/** Returns true if all services declare one type for a variable of a message. */
function agreesInType(
  ir: IrMessage,
  [first, ...others]: readonly Has[],
  mention: Mention | undefined,
  report: Run["report"],
): boolean {
  const other = others.find(({ declared }) => first !== undefined && !sameShape(declared, first.declared));
  if (first === undefined || other === undefined) return true;
  const [left, right] = [first, other].map(({ service, declared }) => ({ declared, service: service.desc.name }));
  // Within one package it has been reported, read or not.
  if (mention === undefined || packageOf(first.service) === packageOf(other.service)) return false;
  fault(report, "BFF418", mention.text.at, {
    message: `"env.${first.declared.name.value}" is ${left?.declared.type.value} in service "${left?.service}", but ${right?.declared.type.value} in service "${right?.service}", and both services compose "${ir.desc.name}"`,
    related: [first, other].map(({ declared: { type } }) => ({ at: type.at, message: `${type.value} here` })),
    hint: "give both the same type, or rename one of the two",
  });
  return false;
}

/** Resolves the variables, without those of unknown types, which have been reported. */
export function envVars(ir: Ir, declared: readonly IrEnvVar[]): EnvVar[] {
  return declared.flatMap((envVar) => {
    const type = envType(envVar.shape, ir);
    if (type === undefined) return [];
    const variable: Variable = {
      name: `env.${envVar.name.value}`,
      role: "var",
      type,
      proto: protoOf(type),
      absent: false,
    };
    return [{ ir: envVar, variable }];
  });
}
function envType(shape: EnvShape | undefined, ir: Ir): CelType | undefined {
  if (shape === undefined) return undefined;
  const desc = ir.registry.getMessage(DurationSchema.typeName) ?? DurationSchema;
  const item: CelType = shape.item === "duration" ? { kind: "message", desc } : { kind: shape.item };
  if (shape.of === "list") return { kind: "list", element: item };
  return shape.of === "map" ? { kind: "map", key: { kind: "string" }, value: item } : item;
}
