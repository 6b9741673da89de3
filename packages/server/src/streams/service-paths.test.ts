import { expect, test } from "vitest";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { REFLECTION_PATHS, WATCH_PATH } from "./service-paths.ts";

test("the paths are those of the descriptors", () => {
  expect(WATCH_PATH).toBe(`/${Health.typeName}/${Health.method.watch.name}`);
  const { name } = ServerReflection.method.serverReflectionInfo;
  expect([...REFLECTION_PATHS]).toEqual([
    `/${ServerReflection.typeName}/${name}`,
    `/grpc.reflection.v1alpha.ServerReflection/${name}`,
  ]);
});
