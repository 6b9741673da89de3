// The file of the options by its name and imports. Generated code imports it, because its protos do, and reads nothing
// else of it. `gen/bff/v1/options_pb.ts` would take 8 ms of CPU at each start.
import { fileDesc, type GenFile } from "@bufbuild/protobuf/codegenv2";
import { file_google_protobuf_descriptor } from "@bufbuild/protobuf/wkt";

/** Describes bff/v1/options.proto without its declarations, which `@protobff/messages/options.js` has. */
export const file_bff_v1_options: GenFile = /*@__PURE__*/ fileDesc(
  "ChRiZmYvdjEvb3B0aW9ucy5wcm90bxIGYmZmLnYxGiBnb29nbGUvcHJvdG9idWYvZGVzY3JpcHRvci5wcm90b2IGcHJvdG8z",
  [file_google_protobuf_descriptor],
);
