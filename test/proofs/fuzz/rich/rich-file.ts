// The file of a random BFF, around what its messages compose.
import { CLAIMS } from "./rich-edge.ts";
import type { Rpcs } from "./rich-kinds.ts";

export interface Parts {
  readonly folder: string;
  /** Option of the callers' identity; empty if they are unknown. */
  readonly identity: string;
  /** Option entries of upstreams. */
  readonly entries: readonly string[];
  /** Further declarations of the file. */
  readonly declared: string;
  readonly service: string;
  readonly rpcs: Rpcs;
  readonly messages: readonly string[];
  readonly imports: readonly string[];
  /** The request of a page, with its rules. */
  readonly ruled: (request: string) => string;
  /** Options of the copy of an item. */
  readonly copy: { readonly note: string; readonly more: string };
}

const REQUEST =
  "message GetPageRequest { string id = 1; bool flag = 2; int64 n = 3; optional string note = 4; repeated string ids = 5; up.v1.Kind kind = 6; up.v1.Item item = 7; map<string, string> texts = 8; map<int64, string> numbered = 9; map<string, up.v1.Size> sizes = 10; string token = 11; }";

export function fileOf(parts: Parts): string {
  const { folder, identity, entries, declared, service, rpcs, messages, copy, imports, ruled } = parts;
  const rules = [identity, entries.length > 0 ? `upstream: [${entries.join(", ")}]` : "", declared].join(" ");
  return `syntax = "proto3";
package ${folder}.app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "up/v1/up.proto";
${imports.map((name) => `import "${name}";\n`).join("")}${rules.trim() === "" ? "" : `option (bff.v1.file) = { ${rules} };`}
${identity === "" ? "" : `message Principal { string subject = 1; optional string tenant = 2; repeated string realms = 3; } ${CLAIMS}`}
service PageService {
  option (bff.v1.service) = { ${identity === "" ? "" : "permit: { public: true }"} ${rpcs.topic} ${service} };
  ${rpcs.rpcs}
}
${ruled(REQUEST)}
${messages.join("\n")}
message ItemCopy { option (bff.v1.message).alias = "up.v1.Item"; string id = 1; optional string note = 2${copy.note}; SizeCopy size = 3; up.v1.Kind kind = 4; repeated SizeCopy sizes = 5; map<string, SizeCopy> sizes_by_name = 6; map<string, string> attributes = 7; ${copy.more} }
message FoundCopy { option (bff.v1.message).alias = "up.v1.FindItemsResponse"; repeated ItemCopy items = 1; }
message MappedCopy { option (bff.v1.message).alias = "up.v1.MapItemsResponse"; map<string, ItemCopy> items = 1; }
message SizeCopy { option (bff.v1.message).alias = "up.v1.Size"; int32 width = 1; }
message OrderCopy { option (bff.v1.message).alias = "up.v1.Order"; string id = 1; }
`;
}
