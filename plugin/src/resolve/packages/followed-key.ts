import type { IrFollow } from "../../ir/step.ts";
import type { Followed } from "../model/model.ts";
import { findTopic } from "../names/topics.ts";
import type { MessageScope } from "../scope/scope.ts";
import { keyOf } from "../steps/topic-key.ts";
import type { RpcContext } from "./rpc-context.ts";

/** Resolves the topic and key that an RPC follows. */
export function followOf({ run, service, report }: RpcContext, scope: MessageScope, ir: IrFollow): Followed["follow"] {
  const topic = ir.topic && findTopic(run.ir, [service], ir.topic, report);
  const key = ir.key && keyOf(scope, ir.key);
  return topic && key && { topic, key };
}
