// Project Wycheproof's vectors for JSON Web Signatures, held against what judges tokens: its reading of keys, its choice among them, its
// rules for headers, and jose beneath.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkSignature } from "../../../runtime/src/testing/jws.ts";

interface Group {
  readonly comment: string;
  readonly public?: Readonly<Record<string, unknown>>;
  readonly private?: Readonly<Record<string, unknown>>;
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly jws: string | object;
    readonly result: string;
  }[];
}
const file = new URL("./wycheproof/json_web_signature_test.json", import.meta.url);
const { testGroups, numberOfTests } = JSON.parse(readFileSync(file, "utf8")) as {
  readonly testGroups: readonly Group[];
  readonly numberOfTests: number;
};

/** Why we refuse what Wycheproof takes for valid. */
function deviation(key: Readonly<Record<string, unknown>>, jws: string): string | undefined {
  if (jws.includes("..")) return "an empty payload, which is no token's";
  if (key.kty === "oct") return "shared secrets: whoever verifies could sign";
  const { alg } = JSON.parse(Buffer.from(jws.split(".")[0] ?? "", "base64url").toString()) as { readonly alg: string };
  if (key.alg !== undefined && key.alg !== alg) return "a key that says it is for another algorithm (RFC 7517, 4.4)";
  return undefined;
}

test("every vector has its expected result, except those of algorithms that are never allowed", async () => {
  const counts = { accepted: 0, refused: 0, deviating: 0 };
  for (const { public: shown, private: secret, tests } of testGroups) {
    const key = shown ?? secret ?? {};
    for (const { tcId, comment, jws, result } of tests) {
      const text = typeof jws === "string" ? jws : JSON.stringify(jws);
      const verdict = await checkSignature(text, [key]);
      const why = `${tcId} ${comment}: ${verdict}`;
      if (result === "invalid") {
        expect(verdict, why).not.toBe("ok");
        counts.refused++;
      } else if (deviation(key, text) !== undefined) {
        expect(verdict, why).not.toBe("ok");
        counts.deviating++;
      } else {
        expect(verdict, why).toBe("ok");
        counts.accepted++;
      }
    }
  }
  expect(counts.accepted + counts.refused + counts.deviating).toBe(numberOfTests);
  console.log(
    `${numberOfTests} vectors: ${counts.accepted} accepted, ${counts.refused} refused, ${counts.deviating} deviations`,
  );
});
