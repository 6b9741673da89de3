// For tests only: the service of test-streams.ts, without imports that a page in a browser could not load.
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_source_context,
  MethodOptions_IdempotencyLevel,
  type SourceContextSchema,
} from "@bufbuild/protobuf/wkt";

const types = { inputType: ".google.protobuf.SourceContext", outputType: ".google.protobuf.SourceContext" };
const file = create(FileDescriptorProtoSchema, {
  name: "streams/v1/streams.proto",
  package: "streams.v1",
  syntax: "proto3",
  dependency: ["google/protobuf/source_context.proto"],
  service: [
    {
      name: "StreamService",
      method: [
        {
          name: "Follow",
          ...types,
          serverStreaming: true,
          options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS },
        },
        { name: "Run", ...types, serverStreaming: true },
      ],
    },
  ],
});
interface Kind {
  methodKind: "server_streaming";
  input: typeof SourceContextSchema;
  output: typeof SourceContextSchema;
}
const found: DescService | undefined = createFileRegistry(file, (name) =>
  name === "google/protobuf/source_context.proto" ? file_google_protobuf_source_context : undefined,
).getService("streams.v1.StreamService");
if (found === undefined) throw new Error("no service");
/** `Follow` has no side effects, `Run` may have. */
export const StreamService = found as GenService<{ follow: Kind; run: Kind }>;
