// Topics by name, and the messages of their items.

import type { DescMessage } from "@bufbuild/protobuf";
import { didYouMean, fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { Ir, IrService } from "../../ir/ir.ts";
import type { IrTopic } from "../../ir/step.ts";
import { methodNamed, resolveName } from "./lookup.ts";

/** Returns the topic of that name, which each of the services that need it must have. Undefined after a diagnostic. */
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
  return fault(report, "BFF641", name.at, {
    message: topicProblem(name.value, other !== undefined, has, lacks),
    ...(at === undefined ? {} : { related: [{ at, message: "the topic" }] }),
    hint: like === undefined ? topicHint(has !== undefined && other === undefined) : `did you mean "${like}"?`,
  });
}

/**
 * Returns the reason why a name is not exactly one topic. `has` is a service with a topic of this name, `lacks` one
 * that needs the topic and lacks it.
 */
function topicProblem(
  name: string,
  isAmbiguous: boolean,
  has: IrService | undefined,
  lacks: IrService | undefined,
): string {
  if (isAmbiguous) return `"${name}" is a topic of two services that both use this message`;
  if (has === undefined || lacks === undefined) return `no service has a topic "${name}"`;
  return `"${name}" is a topic of "${has.desc.name}", but "${lacks.desc.name}" uses it here`;
}

const topicHint = (isElsewhere: boolean): string =>
  isElsewhere
    ? "follow it in an rpc of its service, or compose a separate message for each service"
    : 'declare it on the service: `option (bff.v1.service).topic = { name: "…" … }`';

/** Returns the message of a topic's items, if names alone reveal it. */
export function itemOfTopic(ir: Ir, { type, call }: IrTopic, container: string): DescMessage | undefined {
  const method = call?.method && methodNamed(ir, call.method.value);
  if (method?.methodKind === "server_streaming") return method.output;
  return type && resolveName(container, type.value, (name) => ir.registry.getMessage(name));
}
