import type { DescMethodUnary } from "@bufbuild/protobuf";
import { grpcFederation } from "../peers/grpc-federation/program.ts";
import { grpcGo } from "../peers/grpc-go/build.ts";
import type { Peers } from "../rig/closed-loop.ts";
import type { LeftOut } from "../rig/result.ts";
import type { Variant } from "../rig/variant.ts";

/** Those in Go, where there are any, and why not where there are none. @param composition what their program's first argument is */
export function goPeers(composition: string, method: DescMethodUnary): Peers {
  const variants: Variant[] = [];
  const leftOut: LeftOut[] = [];
  for (const [name, built] of [
    ["grpc-go", grpcGo()],
    ["grpc-federation", grpcFederation()],
  ] as const) {
    if ("reason" in built) leftOut.push(built);
    else variants.push({ name, method, launch: { entry: built.program, args: [composition], native: true } });
  }
  return { variants, leftOut };
}
