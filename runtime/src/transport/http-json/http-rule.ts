import type { DescMethodUnary } from "@bufbuild/protobuf";
import type { RestRule } from "../../http-rule/rule.ts";

/** How an rpc is called over HTTP: the first binding of its google.api.http. */
export interface HttpRule extends RestRule {
  readonly rpc: DescMethodUnary;
}
