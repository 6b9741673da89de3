// Texts of sources that may have holes: who has issued a credential, and where its keys are.
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import { parseTemplate } from "./template.ts";

/** The braces of a text with holes. */
export function checkTemplate(text: Text | undefined, report: Report): void {
  if (text === undefined) return;
  const template = parseTemplate(text.value);
  if (!template.ok)
    fault(report, "BFF113", text.place(template.offset), { message: template.problem, hint: template.hint });
}

/**
 * Checks an address. Keys need a connection that authenticates the server. An address with placeholders is checked when
 * the server starts.
 */
export function checkAddress(text: Text | undefined, name: "issuer" | "jwks" | "keys", report: Report): void {
  if (text === undefined || text.value.trim() === "") return;
  if (name !== "issuer") checkTemplate(text, report);
  const template = parseTemplate(text.value);
  if (!template.ok || template.parts.some(({ kind }) => kind === "hole")) return;
  const { value } = text;
  // A local file.
  if (name === "keys" && !value.includes("://")) return;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const loopback = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && loopback);
  const plain = url !== undefined && url.username === "" && url.password === "" && url.hash === "";
  const bare = name !== "issuer" || url?.search === "";
  if (secure && plain && bare) return;
  const more = name === "issuer" ? ", or add `jwks`, the address of its keys" : "";
  fault(report, "BFF154", text.at, {
    message: `${JSON.stringify(value)} of "${name}" ${problemOf(url, secure)}`,
    hint: `write an address that begins with https://, or with http:// on a loopback address${more}`,
  });
}

/** Returns the reason why an address of keys is refused. */
function problemOf(url: URL | undefined, secure: boolean): string {
  if (url === undefined) return "is not an address";
  if (!secure) return "is not an https address: an attacker on the way could replace the keys";
  return "has a user, a fragment or a query, which an address of keys must not have";
}
