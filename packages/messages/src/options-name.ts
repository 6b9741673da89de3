// The file of the options by its name and imports. Generated code imports it, because its protos do, and reads nothing
// else of it. `gen/bff/v1/options_pb.ts` would take 8 ms of CPU at each start.
import { fileDesc, type GenFile } from "@bufbuild/protobuf/codegenv2";
import { file_google_protobuf_descriptor } from "@bufbuild/protobuf/wkt";
import { file_bff_v1_identity } from "./gen/bff/v1/identity_pb.ts";

/** Describes bff/v1/options.proto without its declarations, which `@protobff/messages/options.js` has. */
export const file_bff_v1_options: GenFile = /*@__PURE__*/ fileDesc(
  "ChRiZmYvdjEvb3B0aW9ucy5wcm90bxIGYmZmLnYxGhViZmYvdjEvaWRlbnRpdHkucHJvdG8aIGdvb2dsZS9wcm90b2J1Zi9kZXNjcmlwdG9yLnByb3RvUABiBnByb3RvMw",
  [file_bff_v1_identity, file_google_protobuf_descriptor],
);
