// Paths of the streams that every server has beside those of its rpcs. A test compares them with the descriptors, which
// only servers with reflection load.
export const WATCH_PATH = "/grpc.health.v1.Health/Watch";
export const REFLECTION_ALPHA = "grpc.reflection.v1alpha.ServerReflection";
/** The paths that stream both ways. */
export const REFLECTION_PATHS: ReadonlySet<string> = new Set(
  ["grpc.reflection.v1.ServerReflection", REFLECTION_ALPHA].map((service) => `/${service}/ServerReflectionInfo`),
);
/** Web sockets that follow streams. */
export const FOLLOW_PATH = "/bff.v1/follow";
