// Rules of upstreams for the shards of calls and of keys.
import { type Expression, emitValue } from "../../cel/index.ts";
import type { Entry } from "../../plan/model/calls.ts";
import { appNames, type FileNames, protoType, readsRequest } from "../names/file-names.ts";
import { type Line, mentions } from "../text/lines.ts";
import { principalOf } from "./emit-branches.ts";

/**
 * `shard: (init: …, cx: BranchContext<Person>) => { const request = create(…, init); return { by: request.tenantId }; }`
 */
export function requestRule({ method, policy: { shard } }: Entry, names: FileNames): Line | undefined {
  if (shard === undefined) return undefined;
  const { by, over } = shard;
  const result = choice(by, names);
  const type: Line = [names.protobufType("MessageInitShape"), "<typeof ", names.schemaType(method.input), ">"];
  if (!mentions([result], over.name))
    return ["shard: (", ...parameters(["_init: ", ...type], by, names), ") => (", ...result, ")"];
  const request: Line = [
    `const ${over.name} = `,
    names.runtime("create"),
    "(",
    names.schema(method.input),
    ", init); ",
  ];
  return [
    "shard: (",
    ...parameters(["init: ", ...type], by, names),
    ") => { ",
    ...request,
    "return ",
    ...result,
    "; }",
  ];
}

/** `shard: (key: string) => ({ by: key })` */
export function keyRule({ batch, policy: { shard } }: Entry, names: FileNames): Line | undefined {
  if (shard === undefined || batch === undefined) return undefined;
  const { by, over } = shard;
  const result = choice(by, names);
  const key: Line = [mentions([result], over.name) ? "key: " : "_key: ", ...protoType(batch.of, names)];
  return ["shard: (", ...parameters(key, by, names), ") => (", ...result, ")"];
}

const choice = (by: Expression, names: FileNames): Line => ["{ by: ", ...emitValue(by, appNames(names)).print, " }"];

function parameters(first: Line, by: Expression, names: FileNames): Line {
  if (!by.reads.some(({ variable }) => readsRequest(variable))) return first;
  return [...first, ", cx: ", names.runtimeType("BranchContext"), "<", ...principalOf([by], names), ">"];
}
