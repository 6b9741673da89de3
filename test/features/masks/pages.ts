// A message type with fields of every kind that a mask passes through, for random masks.
import type { DescMessage } from "@bufbuild/protobuf";
import { requestFor, schemaOf } from "../../support/request.ts";

const PROTO = `syntax = "proto3";
package page.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Page {
  string page_title = 1 [json_name = "heading"];
  optional int32 unread = 2;
  Card card = 3;
  repeated Card cards = 4;
  map<string, Card> by_name = 5;
  map<bool, Card> by_flag = 6;
  oneof view {
    Card open_card = 7;
    Owner open_owner = 8;
    string text = 9;
    google.protobuf.Timestamp since = 10;
  }
  Page next = 11;
  repeated Page pages = 12;
  repeated string tags = 13;
  map<string, string> labels = 14;
  google.protobuf.StringValue note = 15;
  repeated google.protobuf.Timestamp times = 16;
}
message Card {
  string id = 1;
  int64 size = 2;
  Owner owner = 3;
  repeated Owner all_owners = 4;
  map<int32, Owner> by_number = 5;
  oneof kind { Owner team = 6; Owner person = 7; }
}
message Owner { string name = 1; bytes photo = 2; bool active = 3; }`;

const page = schemaOf(requestFor({ "page/v1/page.proto": PROTO })).registry.getMessage("page.v1.Page");
if (page === undefined) throw new Error("no page.v1.Page");

export const PageSchema: DescMessage = page;
