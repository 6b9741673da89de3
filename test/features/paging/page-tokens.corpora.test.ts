// Page tokens held against javax.crypto: Java seals equal tokens, and each side opens those of the other.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { expect, test } from "vitest";
import type { Clock } from "../../../runtime/src/clock.ts";
import type { Caller } from "../../../runtime/src/identity/caller.ts";
import { PageTokens } from "../../../runtime/src/sealing/page-tokens.ts";
import { Sealer } from "../../../runtime/src/sealing/sealer.ts";
import { Random } from "../../proofs/corpora/cel-go/random.ts";
import { seedOf } from "../../support/seed/seed.ts";

const COUNT = 300;
const HOUR_MS = 3_600_000;
const METHOD = "shop.v1.ShopService/ListProducts";
const ISSUER = "https://login.example";
const TEXTS = ["", "a", "cursor", 'quo"te', "back\\slash", "\n\t\u0001", "ü", "🚀", "\uffff", "x".repeat(400)];

interface Case {
  readonly key: Buffer;
  /** Subject of the caller; undefined: the rpc is public. */
  readonly subject: string | undefined;
  readonly tenant: string;
  readonly hour: number;
  readonly state: ReadonlyMap<string, string>;
}

function cases(random: Random): readonly Case[] {
  const text = (): string => random.pick(TEXTS) + random.pick(TEXTS);
  return Array.from({ length: COUNT }, () => ({
    key: Buffer.from(Array.from({ length: 32 }, () => random.between(0, 256))),
    subject: random.chance(0.3) ? undefined : text(),
    tenant: text(),
    hour: random.between(400_000, 600_000),
    state: new Map(Array.from({ length: random.between(1, 4) }, () => [text(), text()] as const)),
  }));
}

/** The whole principal, of which no field is named. */
const principalOf = ({ subject = "", tenant }: Case): Uint8Array =>
  toBinary(PrincipalSchema, create(PrincipalSchema, { subject, tenant }));
const requestOf = ({ tenant }: Case) => create(PrincipalSchema, { subject: "list", tenant });

function tokensOf(of: Case): PageTokens {
  const clock = { date: () => new Date(of.hour * HOUR_MS) } as Clock;
  const credential = create(CredentialSchema, { source: "user", issuer: ISSUER, subject: of.subject ?? "" });
  const caller = of.subject === undefined ? undefined : ({ credential, bytes: principalOf(of) } as Caller);
  const binding = { sealer: new Sealer([of.key]), method: METHOD, input: PrincipalSchema, free: [], clock };
  return new PageTokens(binding, requestOf(of), caller);
}

const field = (bytes: Uint8Array | string): string => `.${Buffer.from(bytes).toString("base64")}`;

/** Returns the answer of Tokens.java to each line. */
function java(lines: readonly string[]): readonly string[] {
  const program = join(import.meta.dirname, "page-tokens/Tokens.java");
  const output = execFileSync("java", [program], { input: `${lines.join("\n")}\n`, encoding: "utf8" });
  return output.trimEnd().split("\n");
}

function bound(of: Case): string {
  const caller =
    of.subject === undefined ? "- -" : `${["user", ISSUER, of.subject].map(field).join(",")} ${field(principalOf(of))}`;
  return [field(of.key), field(METHOD), caller, field(toBinary(PrincipalSchema, requestOf(of)))].join(" ");
}

const flipped = (token: string): string => {
  const bytes = Buffer.from(token, "base64url");
  bytes[bytes.length >> 1]! ^= 1;
  return bytes.toString("base64url");
};

test.skipIf(process.env.PROTOBFF_WITHOUT_JAVA === "1")(
  "Java and the runtime seal equal tokens, and open those of each other",
  () => {
    const seed = seedOf("PROTOBFF_PAGE_TOKENS_SEED");
    const all = cases(new Random(Number(seed)));
    const ours = all.map((of) => tokensOf(of).seal(of.state));
    const states = all.map(({ state }) => [...state].flatMap(([name, value]) => [field(name), field(value)]).join(" "));
    const answers = java([
      ...all.map((of, i) => `seal ${bound(of)} ${of.hour} ${states[i]}`),
      ...all.map((of, i) => `open ${bound(of)} ${ours[i]}`),
      ...all.map((of, i) => `open ${bound(of)} ${flipped(ours[i]!)}`),
    ]);
    expect(answers.length).toBe(3 * COUNT);
    const [sealed, opened, refused] = [0, 1, 2].map((part) => answers.slice(part * COUNT, (part + 1) * COUNT));
    expect(sealed, `seed ${seed}`).toEqual(ours);
    all.forEach((of, i) => {
      expect(tokensOf(of).open(sealed![i]!), `seed ${seed}`).toEqual(of.state);
      const entries = [...of.state].sort(([a], [b]) => (a < b ? -1 : 1));
      const text = Buffer.from(opened![i]!, "base64").toString();
      expect(text, `seed ${seed}`).toBe(`${of.hour}\n${JSON.stringify(entries)}`);
    });
    expect(new Set(refused), `seed ${seed}`).toEqual(new Set(["refused"]));
  },
);
