// Fields that `protobff init` has made public; they stay listed until an author removes its comment.
import type { DescMessage } from "@bufbuild/protobuf";
import { getComments } from "@bufbuild/protoplugin";

/** An unreviewed message of an answer, and its fields. */
export interface UnreviewedReport {
  readonly message: string;
  readonly fields: readonly string[];
}

/** The line of a comment that `protobff init` writes above a response. */
const MARK = /^\s*protobff:unreviewed\s*$/m;

/** Returns the message and the messages in it; undefined: it has no such comment. */
export function unreviewedOf(desc: DescMessage): readonly UnreviewedReport[] | undefined {
  if (!MARK.test(getComments(desc).leading ?? "")) return undefined;
  const reached = new Set([desc]);
  for (const { fields } of reached)
    for (const { message } of fields) if (message?.file.proto.package === desc.file.proto.package) reached.add(message);
  return [...reached].map(({ typeName, fields }) => ({ message: typeName, fields: fields.map(({ name }) => name) }));
}
