// Plans an rpc over upstream rpcs, and the text of the file that gets it.

import type { DescMethod } from "@bufbuild/protobuf";
import { parseProto } from "protoc-gen-bff/compiler";
import { type ChosenRpc, classify, findRpc, namedTwice, nameOf } from "../init/choose-rpcs.ts";
import { NameScope } from "../init/names.ts";
import { type BegunBff, planRpc, rpcNameOf } from "../init/plan-bff.ts";
import { indented, type PrintedRpc, printRpc } from "../init/print-bff.ts";
import { Refusal } from "../terminal.ts";
import type { ProjectServices, ServiceTarget } from "./target.ts";

/** Returns the upstream rpcs that names mean: unary ones, or one that streams answers. */
export function chooseUpstreams({ upstream }: ProjectServices, names: readonly string[]): readonly ChosenRpc[] {
  const isCallable = ({ methodKind }: DescMethod): boolean =>
    methodKind === "unary" || methodKind === "server_streaming";
  const rpcs = names.map((name) => classify(findRpc(name, upstream.filter(isCallable), upstream, "")));
  const twice = namedTwice(rpcs);
  if (twice !== undefined) throw new Refusal(`${twice} is named twice: name it once`, 2);
  const stream = rpcs.find(({ method }) => method.methodKind === "server_streaming");
  if (stream !== undefined && rpcs.length > 1)
    throw new Refusal(
      `${nameOf(stream.method)} is a stream: add it alone, and write the other calls as steps of its response`,
      2,
    );
  return rpcs;
}

/** Plans the rpc. @param name requested name; undefined: one after the upstream's */
export function planAddition(target: ServiceTarget, rpcs: readonly ChosenRpc[], name: string | undefined): BegunBff {
  const { service, types, copies } = target;
  const taken = new NameScope();
  for (const method of service.methods) taken.take(method.name);
  if (name !== undefined && (taken.has(name) || !/^[A-Z]\w*$/.test(name)))
    throw new Refusal(
      taken.has(name)
        ? `${service.typeName} has an rpc ${name}: choose another --name`
        : `"${name}" is no name of an rpc`,
      2,
    );
  const rpc = name ?? taken.take(rpcNameOf(rpcs));
  const inPackage = { package: service.file.proto.package, service: service.name };
  return planRpc({ ...inPackage, rpc, types, copies, joins: true }, rpcs);
}

/** Returns the text of the file with the rpc at the end of its service and the messages at the end of the file. */
export function withRpc(text: string, bff: BegunBff, { needsPermit }: ServiceTarget): string {
  const printed = printRpc(bff, needsPermit ? ["permit: {}"] : []);
  const service = parseProto(text).file.children.find(({ kind, name }) => kind === "service" && name === bff.service);
  if (service === undefined) throw new Refusal(`there is no service ${bff.service} in its file`);
  const close = text.lastIndexOf("}", service.to - 1);
  const inside = text.slice(0, close).trimEnd();
  const rpc = indented(printed.rpc).join("\n");
  const rest = text.slice(close).trimEnd();
  return withImports(`${inside}\n${rpc}\n${rest}\n\n${printed.messages}`, printed);
}

/** Adds the imports that are missing, each before the next one in the alphabet. */
function withImports(text: string, { imports }: PrintedRpc): string {
  return imports.reduce((before, path) => {
    const all = [...before.matchAll(/^import (?:public |weak )?"([^"]+)";.*$/gm)];
    if (all.some(([, imported]) => imported === path)) return before;
    const next = all.find(([, imported = ""]) => imported > path);
    const last = all.at(-1);
    if (next !== undefined) return `${before.slice(0, next.index)}import "${path}";\n${before.slice(next.index)}`;
    const end = last === undefined ? 0 : last.index + last[0].length;
    return `${before.slice(0, end)}\nimport "${path}";${before.slice(end)}`;
  }, text);
}
