// Expected answers of the BFFs, independent of the code that composes them.
import {
  clone,
  create,
  type DescMessage,
  type DescMethodUnary,
  equals,
  type Message,
  toJsonString,
} from "@bufbuild/protobuf";
import { AgentStatus, DashboardSchema } from "../../generated/web/v1/web_pb.ts";
import { FileSchema } from "../generated/bench/blob/v1/blob_pb.ts";
import { PlaceSchema } from "../generated/bench/chain/v1/chain_pb.ts";
import { FeedSchema } from "../generated/bench/list/v1/list_pb.ts";
import { blob, example, items, posts, profile, settings } from "../rig/upstream-data.ts";

export const dashboard = create(DashboardSchema, {
  agent: { id: "agent-atlas", status: AgentStatus.RUNNING, displayName: "Atlas" },
  spentCents: example.usage.spentCents,
  unread: 7,
  facts: [
    "Migrations run behind the `expand` flag first",
    "Ada prefers small pull requests, one topic each",
    "The staging database has no replica",
    "Sessions older than 30 days are archived",
  ],
  runs: [
    { id: "atlas-run-1", title: "Move the session store to Postgres", ownerName: "Ada Okafor" },
    { id: "atlas-run-2", title: "Flaky test: checkout_spec line 88", ownerName: "Dina Haddad" },
    { id: "atlas-run-3", title: "Upgrade to Node 24", ownerName: "Ada Okafor" },
    { id: "atlas-run-4", title: "Explain the retry storm of Tuesday night", ownerName: "Farah Nazari" },
    // who has left the company has no name
    { id: "atlas-run-5", title: "Draft the on-call hand-over" },
  ],
});

export const place = create(PlaceSchema, {
  person: "Ada Okafor",
  team: "Platform",
  region: "Eu North",
  timeZone: "Europe/Stockholm",
});

export const feed = create(FeedSchema, {
  entries: posts.posts.map(({ id, title, authorId }) => ({
    id,
    title,
    authorName: authorId.replace("author-", "Author Number "),
  })),
});

export const file = create(FileSchema, { blob });

/** A `Home` of any of the packages that have one, with all of its three parts. */
export function home(schema: DescMessage): Message {
  return create(schema, { profile, items, settings });
}

/** Compares with what is expected for the variant's method. */
export function unless(expected: (schema: DescMessage) => Message) {
  return (answer: Message, { output }: DescMethodUnary): string | undefined => {
    const expectedAnswer = expected(output);
    if (equals(output, answer, expectedAnswer)) return undefined;
    return `answers ${excerpt(output, answer)}\n  in place of ${excerpt(output, expectedAnswer)}`;
  };
}

/** Compares with the same answer, but with one part missing: its only degradation must name that part. */
export function unlessWithout(part: "profile" | "items" | "settings") {
  return (answer: Message, method: DescMethodUnary): string | undefined => {
    const copy = clone(method.output, answer) as Message & { degraded?: { path: string }[] };
    const paths = copy.degraded?.map(({ path }) => path).join();
    if (paths !== part) return `says that "${paths}" is missing, in place of ${part}`;
    copy.degraded = [];
    return unless((schema) => {
      const expected = home(schema) as Message & Record<string, unknown>;
      delete expected[part];
      return expected;
    })(copy, method);
  };
}

function excerpt(schema: DescMessage, message: Message): string {
  const text = toJsonString(schema, message);
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text;
}
