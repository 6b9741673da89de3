// Variables of the environment that a file, a composed message and a server need.
import type { DescFile, DescService } from "@bufbuild/protobuf";
import { sameType } from "../../cel/index.ts";
import { reachable } from "../../graph/graph.ts";
import type { IrEnvVar } from "../../ir/ir.ts";
import { blocksOf, callsIn, expressionsIn, policyExpressions, variablesOf } from "../../resolve/model/blocks.ts";
import type { BffFile, BffService, Block, Composed, EnvVar, Let, Model } from "../../resolve/model/model.ts";
import type { PlanFile, PlanServer } from "../model/plan.ts";

type Children = (message: Block) => Composed[];
type Env = readonly EnvVar[];

/** Returns the variables of `Env` in each file. */
export function envOfFiles(model: Model, children: Children): ReadonlyMap<DescFile, Env> {
  return new Map(model.files.map((file) => [file.desc, envOf(file, children)]));
}

/**
 * Returns the variables of one file. A file with services has all variables that its package and services declare, and
 * those that composed messages of other packages read. Any other file has the variables of its package that it reads.
 * Services whose variables have one name share it, since all of them have one type.
 */
function envOf({ env, services, messages }: BffFile, children: Children): Env {
  const roots = services.flatMap(rootsOf);
  const read = reachable<Block>(services.length > 0 ? roots : messages, children).flatMap(envRead);
  if (services.length > 0) return each([...env, ...services.flatMap((service) => service.env), ...read]);
  const names = new Set(read.map(({ variable }) => variable.name));
  return env.filter(({ variable }) => names.has(variable.name));
}

const rootsOf = ({ methods, let: serviceLet }: BffService): Block[] => [
  ...methods.flatMap(({ composed, opening, stream }) =>
    [composed, opening, stream].filter((block) => block !== undefined),
  ),
  ...(serviceLet === undefined ? [] : [serviceLet]),
];

/**
 * Returns the variables that messages read which other files compose, with everything that these messages compose.
 * Contains only messages for which some of these files cannot supply the whole `Env` of the message's file. A variable
 * of services may also have another type there.
 */
export function envElsewhere(
  model: Model,
  { children, files }: { readonly children: Children; readonly files: ReadonlyMap<DescFile, Env> },
  foreign: ReadonlySet<Composed>,
): ReadonlyMap<Composed, Env> {
  const composers = new Map<Composed, Set<Composed | Let>>();
  for (const block of blocksOf(model)) for (const child of children(block)) put(composers, child, block);
  const roots = new Map<Composed, Set<DescFile>>();
  for (const { desc, services } of model.files)
    for (const { methods } of services) for (const { composed: root } of methods) put(roots, root, desc);
  const found = new Map<Composed, Env>();
  // Composers come first.
  for (const message of model.messages) {
    if (!foreign.has(message)) continue;
    const read = each(reachable<Block>([message], children).flatMap(envRead));
    const fileEnv = files.get(message.file.desc);
    if (read.length === 0 || fileEnv === undefined) continue;
    const around = [...(composers.get(message) ?? [])];
    const others = [...around.map(({ file }) => file.desc), ...(roots.get(message) ?? [])];
    const envs = others.map((file) => (file === message.file.desc ? undefined : files.get(file)));
    const inComposer = around.some((block) => block.kind === "composed" && found.has(block));
    if (inComposer || !covers(fileEnv, read) || envs.some((env) => env !== undefined && !covers(env, fileEnv)))
      found.set(message, read);
  }
  return found;
}

function put<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(value));
}

function covers(env: Env, needs: Env): boolean {
  const types = new Map(env.map(({ variable }) => [variable.name, variable.type]));
  return needs.every(({ variable }) => {
    const type = types.get(variable.name);
    return type !== undefined && sameType(type, variable.type);
  });
}

/**
 * Returns all variables that the files of a server need. The first declaration of a variable decides how it is read.
 */
export function serverEnv(files: readonly PlanFile[], model: Model): Pick<PlanServer, "env" | "serviceEnv"> {
  const env = each(files.flatMap((file) => file.env));
  const first = new Map(env.map(({ ir }) => [ir.name.value, ir]));
  const descs = new Set(files.map(({ desc }) => desc));
  const services = model.files.flatMap((file) => (descs.has(file.desc) ? file.services : []));
  const packages = new Map(model.files.flatMap((file) => file.services.map(({ desc }) => [desc, file.env] as const)));
  const serviceEnv = services.flatMap(({ desc, env: declared }): [DescService, readonly EnvVar[]][] => {
    const differ = [...(packages.get(desc) ?? []), ...declared].filter(
      ({ ir }) => !readAlike(ir, first.get(ir.name.value) ?? ir),
    );
    return differ.length === 0 ? [] : [[desc, differ]];
  });
  return { env, serviceEnv: new Map(serviceEnv) };
}

function readAlike(a: IrEnvVar, b: IrEnvVar): boolean {
  const others = (of: IrEnvVar): string => of.alternates.map(({ value }) => value).join();
  const bounds = ({ min, max }: IrEnvVar): string => JSON.stringify([min?.value, max?.value]);
  return a.default?.value === b.default?.value && others(a) === others(b) && bounds(a) === bounds(b);
}

/** Returns the variables that a block reads, including the policies of its calls. */
function envRead(block: Block): EnvVar[] {
  if (block.env.length === 0) return [];
  const numbers = callsIn(block).flatMap(({ policy }) => variablesOf(policy));
  const policies = callsIn(block).flatMap(({ policy }) =>
    policyExpressions(policy).flatMap((expression) => expression ?? []),
  );
  const read = [...expressionsIn(block), ...policies].flatMap(({ reads }) =>
    reads.map(({ variable }) => variable.name),
  );
  const names = new Set([...read, ...numbers]);
  return block.env.filter(({ variable }) => names.has(variable.name));
}

/** The first of each name. */
function each(env: Env): EnvVar[] {
  const first = new Map<string, EnvVar>();
  for (const envVar of env) if (!first.has(envVar.variable.name)) first.set(envVar.variable.name, envVar);
  return [...first.values()];
}
