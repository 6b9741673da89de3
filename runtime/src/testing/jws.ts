import { compactVerify } from "jose";
import { ALGORITHMS } from "../identity/jwt/algorithms.ts";
import { loadJose } from "../identity/jwt/jose.ts";
import { chosen, readKeys } from "../identity/jwt/keys.ts";
import { partsOf } from "../identity/jwt/presented-token.ts";
import { reasonInHeader } from "../identity/jwt/rules.ts";

/**
 * Verifies a signature step by step as the source does, without the checks for tokens: vectors from outside sign other
 * payloads.
 *
 * @returns `ok`, or the step that refuses it
 */
export async function checkSignature(compact: string, keys: readonly object[]): Promise<string> {
  const [first] = partsOf(compact) ?? [];
  if (first === undefined) return "form";
  let header: { readonly alg: string; readonly kid?: string };
  try {
    header = JSON.parse(Buffer.from(first, "base64url").toString());
  } catch {
    return "form";
  }
  if (reasonInHeader({ ...header }, { algorithms: ALGORITHMS }) !== undefined) return "header";
  let key: ReturnType<typeof chosen>;
  try {
    key = chosen(readKeys(JSON.stringify({ keys }), await loadJose()), header.kid, header.alg);
  } catch {
    return "keys";
  }
  if (key === undefined) return "key";
  const usable = await key.for(header.alg);
  return compactVerify(compact, usable, { algorithms: [header.alg] }).then(
    () => "ok",
    () => "signature",
  );
}
