// Messages on the wire as data: those with generated functions, and those that protobuf-es handles.
import type { DescMessage } from "@bufbuild/protobuf";
import { unusual } from "../../plan/codec/unusual-fields.ts";
import type { PlanFile } from "../../plan/model/plan.ts";

/** A whole message that a call or an rpc of the file sends or receives. */
export interface WireReport {
  readonly message: string;
  readonly way: "sent" | "received";
  /** `passed_on`: the unchanged bytes. */
  readonly by: "generated" | "passed_on" | "protobuf-es";
  /** For protobuf-es: the reason. */
  readonly why?: string;
  /** Fields that are read or set; omitted: all fields. */
  readonly fields?: readonly string[];
}

/** Returns messages in order of first use; each message once in each direction. */
export function wireOf({ entries, services, codec }: PlanFile): WireReport[] {
  const calls = entries.map(({ method }) => method);
  const rpcs = services.flatMap(({ methods }) => methods.map(({ method }) => method.desc));
  const sent = [...calls.map(({ input }) => input), ...rpcs.map(({ output }) => output)];
  const received = [...calls.map(({ output }) => output), ...rpcs.map(({ input }) => input)];
  const reportOf = (desc: DescMessage, way: WireReport["way"]): WireReport => {
    const message = desc.typeName;
    if (way === "received" && codec?.passed.has(desc)) return { message, way, by: "passed_on" };
    const functions = (way === "sent" ? codec?.writers : codec?.readers)?.get(desc);
    if (functions === undefined) return { message, way, by: "protobuf-es", why: unusual(desc) ?? "not generated" };
    const fields = functions.fields?.map(({ name }) => name);
    return { message, way, by: "generated", ...(fields !== undefined && { fields }) };
  };
  return [
    ...[...new Set(sent)].map((desc) => reportOf(desc, "sent")),
    ...[...new Set(received)].map((desc) => reportOf(desc, "received")),
  ];
}
