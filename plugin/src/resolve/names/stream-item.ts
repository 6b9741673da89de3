import type { DescMessage } from "@bufbuild/protobuf";
import type { Ir, IrService } from "../../ir/ir.ts";
import type { IrStream } from "../../ir/step.ts";
import { methodNamed } from "./lookup.ts";
import { itemOfTopic } from "./topics.ts";

/** Returns the message of an item, if names alone reveal it. */
export function itemOf(ir: Ir, service: IrService, { source }: IrStream): DescMessage | undefined {
  if (source?.kind === "follow") {
    const topic = service.topics.find(({ name }) => name.value === source.topic?.value);
    return topic && itemOfTopic(ir, topic, service.desc.file.proto.package);
  }
  const method = source?.method && methodNamed(ir, source.method.value);
  return method?.methodKind === "server_streaming" ? method.output : undefined;
}
