import type { LeftOut } from "../../rig/result.ts";

/** Why no figure stands beside ours yet. */
export const grpcFederation: LeftOut = {
  name: "grpc-federation",
  reason:
    'could not be built: the Go module proxy answers `go install github.com/mercari/grpc-federation/cmd/protoc-gen-grpc-federation`, at `latest` and at `v1.13.0`, with "403 Forbidden: This module version is not available"; protoc-gen-go and protoc-gen-go-grpc install',
};
