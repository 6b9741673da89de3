// Values that their own type forbids in groups of messages that are passed on (editions, DELIMITED).
import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { checkedDecoder } from "../../../runtime/src/wire/answer-values.ts";
import { passer } from "../../../runtime/src/wire/codec.ts";
import { requestFor, schemaOf } from "../../support/request.ts";

const { registry } = schemaOf(
  requestFor({
    "up/v1/up.proto": `edition = "2023";
package up.v1;
import "google/protobuf/timestamp.proto";
message Thing {
  google.protobuf.Timestamp at = 1 [features.message_encoding = DELIMITED];
  repeated google.protobuf.Timestamp times = 2 [features.message_encoding = DELIMITED];
  Thing inside = 3 [features.message_encoding = DELIMITED];
  google.protobuf.Timestamp plain = 4;
}
`,
  }),
);
const desc = registry.getMessage("up.v1.Thing") as DescMessage;
const decode = checkedDecoder(desc, passer(desc as never));
const thing = (name: string, value: Message): Message => {
  const message = reflect(desc);
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field?.fieldKind === "list") message.get(field).add(reflect(TimestampSchema, value as never));
  else if (field?.message !== undefined) message.set(field, reflect(field.message, value));
  return message.message;
};
const time = (seconds: bigint) => create(TimestampSchema, { seconds });
const CASES = (of: Message): readonly Message[] => [
  thing("at", of),
  thing("times", of),
  thing("inside", thing("at", of)),
  thing("inside", thing("plain", of)),
  thing("inside", thing("inside", thing("times", of))),
];

test("a group with a forbidden value is refused, at any depth", () => {
  for (const message of CASES(time(253_402_300_800n)))
    expect(() => decode(toBinary(desc, message))).toThrow(/outside of the years/);
  for (const message of CASES(time(1n))) expect(() => decode(toBinary(desc, message))).not.toThrow();
});
