import type { LeftOut } from "../../rig/result.ts";

const VARIABLE = "BENCH_GRPC_FEDERATION";

/** A server of grpc-federation that somebody has built, or why there is none. */
export function grpcFederation(): { readonly program: string } | LeftOut {
  const program = process.env[VARIABLE];
  if (program !== undefined) return { program };
  return {
    name: "grpc-federation",
    reason: `${VARIABLE} names no server; bench/peers/grpc-federation/README.md says what one has to be`,
  };
}
