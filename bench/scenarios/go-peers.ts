import type { DescMethodUnary } from "@bufbuild/protobuf";
import { grpcFederation } from "../peers/grpc-federation/program.ts";
import { grpcGo } from "../peers/grpc-go/program.ts";
import type { Peers } from "../rig/closed-loop.ts";
import { type GoProgram, goProgram } from "../rig/go-program.ts";
import type { LeftOut } from "../rig/result.ts";
import type { Variant } from "../rig/variant.ts";

/** One of them, or why there is none. @param composition what its program's first argument is */
export function goPeer(program: GoProgram, composition: string, method: DescMethodUnary): Variant | LeftOut {
  const built = goProgram(program);
  if ("reason" in built) return built;
  const launch = { entry: built.program, args: [composition], native: true };
  return { name: program.name, method, builtOf: built.versions, launch };
}

/** All of them. */
export function goPeers(composition: string, method: DescMethodUnary): Peers {
  const peers = [grpcGo, grpcFederation].map((program) => goPeer(program, composition, method));
  return {
    variants: peers.filter((peer) => "launch" in peer),
    leftOut: peers.filter((peer) => "reason" in peer),
  };
}
