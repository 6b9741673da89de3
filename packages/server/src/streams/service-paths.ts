// Paths of the streams that every server has beside those of its rpcs.
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../gen/grpc/reflection/v1/reflection_pb.ts";

export const WATCH_PATH = `/${Health.typeName}/${Health.method.watch.name}`;
export const REFLECTION_ALPHA = "grpc.reflection.v1alpha.ServerReflection";
/** The paths that stream both ways. */
export const REFLECTION_PATHS: ReadonlySet<string> = new Set(
  [ServerReflection.typeName, REFLECTION_ALPHA].map(
    (service) => `/${service}/${ServerReflection.method.serverReflectionInfo.name}`,
  ),
);
