// The topics that a name may mean, and what their items are.
import type { DescMessage } from "@bufbuild/protobuf";
import type { Report } from "../../diagnostic/diagnostic.ts";
import { didYouMean } from "../../diagnostic/did-you-mean.ts";
import type { Ir, IrService } from "../../ir.ts";
import type { IrTopic } from "../../ir-stream.ts";
import type { Text } from "../../origin.ts";
import { methodNamed, resolveName } from "./lookup.ts";

/** The topic of that name; undefined after a diagnostic. `services`: of those that are to be answered, each has it. */
export function findTopic(ir: Ir, services: readonly IrService[], name: Text, report: Report): IrTopic | undefined {
  const of = ({ topics }: IrService): IrTopic | undefined => topics.find((topic) => topic.name.value === name.value);
  const found = services.flatMap((service) => of(service) ?? []);
  const [first, other] = found;
  if (first !== undefined && other === undefined && found.length === services.length) return first;
  const all = ir.files.flatMap((file) => file.services);
  const lacks = services.find((service) => of(service) === undefined);
  const has = all.find((service) => of(service) !== undefined);
  const names = services.flatMap(({ topics }) => topics.map((topic) => topic.name.value));
  const like = didYouMean(name.value, names);
  const at = has && of(has)?.name.at;
  report({
    code: "BFF641",
    severity: "error",
    message:
      other !== undefined
        ? `"${name.value}" is a topic of two services that this is part of`
        : has === undefined || lacks === undefined
          ? `there is no topic "${name.value}"`
          : `"${name.value}" is a topic of "${has.desc.name}", and this is part of "${lacks.desc.name}"`,
    at: name.at,
    ...(at === undefined ? {} : { related: [{ at, message: "the topic" }] }),
    hint:
      like !== undefined
        ? `did you mean "${like}"?`
        : has === undefined || other !== undefined
          ? 'declare it on the service: `option (bff.v1.service).topic = { name: "…" … }`'
          : "follow it in an rpc of its service, or compose a message of its own for each service",
  });
  return undefined;
}

/** The message of a topic's items, as far as names tell. */
export function itemOfTopic(ir: Ir, { type, call }: IrTopic, container: string): DescMessage | undefined {
  const method = call?.method && methodNamed(ir, call.method.value);
  if (method?.methodKind === "server_streaming") return method.output;
  return type && resolveName(container, type.value, (name) => ir.registry.getMessage(name));
}
