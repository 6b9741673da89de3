// Agreement between all declarations of one environment variable.

import { fault, type Sourced, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrEnvVar, IrFile, IrMessage, IrService } from "../../ir/ir.ts";
import { envMentions } from "../graph/env-mentions.ts";
import { governing } from "../policies/entries.ts";
import type { Run } from "../steps/context.ts";

/** Reports disagreements between the environment variables of services, and between services and files. */
export function checkServicesEnv(run: Run): void {
  const services = run.ir.files.flatMap((file) => file.services);
  const reported = new Set<IrEnvVar>();
  const all = reachedByServices(run);
  for (const service of services) {
    const reached = all.get(service) ?? [];
    for (const declared of service.env) checkHidden(run, { service, reached }, declared);
    checkElsewhere(run, service, reached, reported);
  }
  const byName = new Map<string, Declared>();
  for (const service of services) {
    for (const declared of service.env) {
      const key = `${packageOf(service)} ${declared.name.value}`;
      const first = byName.get(key);
      if (first === undefined) byName.set(key, { service, declared });
      else if (first.service !== service) checkAlike(run, declared, first);
    }
  }
}

/** Reports another type or another bound. Defaults and alternates may differ. */
function checkAlike(run: Run, declared: IrEnvVar, first: Declared): void {
  if (declared.shape === undefined || first.declared.shape === undefined) return;
  const compared = sameShape(declared, first.declared) ? (["min", "max"] as const) : (["type"] as const);
  const option = compared.find((name) => declared[name]?.value !== first.declared[name]?.value);
  if (option === undefined) return;
  const settingText = (setting: Text | undefined) =>
    setting === undefined ? `no ${option}` : `${option} "${setting.value}"`;
  const [here, there] = [declared[option], first.declared[option]];
  fault(run.report, "BFF416", here?.at ?? declared.at, {
    message: `the environment variable "${declared.name.value}" has ${settingText(here)} here, but ${settingText(there)} in service "${first.service.desc.name}"`,
    related: [{ at: there?.at ?? first.declared.at, message: `${settingText(there)} here` }],
    hint: `give both the same ${option}, or rename one of the two`,
  });
}

/** A file, with its messages that a service composes. */
interface Reached {
  readonly file: IrFile;
  readonly messages: readonly IrMessage[];
}
function reachedByServices({ ir, lets }: Run): ReadonlyMap<IrService, readonly Reached[]> {
  const found = new Map<IrService, Map<IrFile, IrMessage[]>>();
  for (const file of ir.files) {
    for (const message of file.messages) {
      const at = message.subset?.file ?? file;
      const roots = lets.roots.get(message.desc.typeName) ?? [];
      for (const service of new Set(roots.flatMap((root) => lets.serviceOf.get(root) ?? []))) {
        const byFile = found.get(service) ?? new Map<IrFile, IrMessage[]>();
        found.set(service, byFile);
        const messages = byFile.get(at) ?? [];
        messages.push(message);
        byFile.set(at, messages);
      }
    }
  }
  return new Map(
    [...found].map(([service, byFile]) => [service, [...byFile].map(([file, messages]) => ({ file, messages }))]),
  );
}

/**
 * Reports variables that messages of other packages declare differently, because the service's process has one value of
 * each.
 */
function checkElsewhere(run: Run, service: IrService, reached: readonly Reached[], reported: Set<IrEnvVar>): void {
  const here = governing(run.ir, packageOf(service)).env;
  const known = new Map(here.toReversed().map((envVar) => [envVar.name.value, envVar]));
  for (const { file, messages } of reached) {
    const read = new Set(messages.flatMap((message) => [...envMentions(run.ir, message, file).keys()]));
    for (const other of governing(run.ir, file.desc.proto.package).env) {
      if (here.includes(other) || reported.has(other) || !read.has(other.name.value)) continue;
      const first = known.get(other.name.value);
      if (first === undefined) known.set(other.name.value, other);
      else if (reportDifference(run, other, first)) reported.add(other);
    }
  }
}

/** Reports a variable that hides another one of the same name in a message of the service. */
function checkHidden(
  { ir, report }: Run,
  { service, reached }: { readonly service: IrService; readonly reached: readonly Reached[] },
  { name }: IrEnvVar,
): void {
  const other = [...new Set([packageOf(service), ...reached.map(({ file }) => file.desc.proto.package)])]
    .flatMap((packageName) => governing(ir, packageName).env)
    .find((candidate) => candidate.name.value === name.value);
  if (other === undefined) return;
  fault(report, "BFF213", name.at, {
    message: `the environment variable "${name.value}" of service "${service.desc.name}" has the name of a variable of a file`,
    related: [{ at: other.name.at, message: "the variable of the file" }],
    hint: "leave it out, or rename one of the two",
  });
}

/** Returns each variable once, because files may repeat declarations. */
export function agreedEnv(declared: readonly IrEnvVar[], run: Run): IrEnvVar[] {
  const byName = new Map<string, IrEnvVar>();
  for (const variable of declared) {
    const first = byName.get(variable.name.value);
    if (first === undefined) byName.set(variable.name.value, variable);
    else reportDifference(run, variable, first);
  }
  return [...byName.values()];
}

function reportDifference(run: Run, variable: IrEnvVar, first: IrEnvVar): boolean {
  const differs = [
    [variable.type, first.type, "type"],
    [variable.default, first.default, "default"],
    [alternates(variable), alternates(first), "alternate"],
    [variable.min, first.min, "min"],
    [variable.max, first.max, "max"],
  ] as const;
  const found = differs.find(([mine, theirs]) => mine?.value !== theirs?.value);
  // Unknown types have been reported.
  if (found === undefined || [variable, first].some(({ shape }) => shape === undefined)) return false;
  const [mine, theirs, what] = found;
  const settingText = (value: typeof mine): string =>
    value === undefined ? `no ${what}` : `${what} ${JSON.stringify(value.value)}`;
  fault(run.report, "BFF416", mine?.at ?? variable.at, {
    message: `the environment variable "${variable.name.value}" has ${settingText(mine)} here, but ${settingText(theirs)} in another file`,
    related: [{ at: theirs?.at ?? first.at, message: `${settingText(theirs)} here` }],
    hint: "declare it in one file, and import that file",
  });
  return true;
}

/** All of them as one text. */
function alternates({ alternates: [first, ...more] }: IrEnvVar): Sourced<string> | undefined {
  return first && { value: [first, ...more].map(({ value }) => value).join(", "), at: first.at };
}

interface Declared {
  readonly service: IrService;
  readonly declared: IrEnvVar;
}

export const packageOf = ({ desc }: IrService): string => desc.file.proto.package;
export const sameShape = ({ shape: a }: IrEnvVar, { shape: b }: IrEnvVar): boolean =>
  a?.of === b?.of && a?.item === b?.item;
