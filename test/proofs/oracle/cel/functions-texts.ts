// Functions of texts. URLs are the WHATWG's, and patterns JavaScript's own here: those of the tests mean the same to us and in RE2.
import { type CelFunc, CelScalar, celFunc, celList, celMap, celMethod, listType, mapType } from "@bufbuild/cel";
import { none, some } from "./macros.ts";

const { DYN, INT, STRING } = CelScalar;

export const texts: CelFunc[] = [
  celMethod("lower", STRING, [], STRING, function () {
    return this.toLocaleLowerCase("und");
  }),
  celMethod("upper", STRING, [], STRING, function () {
    return this.toLocaleUpperCase("und");
  }),
  celMethod("repeat", STRING, [INT], STRING, function (count) {
    if (count < 0n || BigInt(this.length) * count > 1n << 20n) throw new Error("repeat");
    return Array.from({ length: Number(count) }, () => this).join("");
  }),
  celMethod("trimPrefix", STRING, [STRING], STRING, function (prefix) {
    return this.slice(this.indexOf(prefix) === 0 ? prefix.length : 0);
  }),
  celMethod("trimSuffix", STRING, [STRING], STRING, function (suffix) {
    const at = this.length - suffix.length;
    return at >= 0 && this.slice(at) === suffix ? this.slice(0, at) : `${this}`;
  }),
  celFunc("url.encode", [STRING], STRING, (text) =>
    Array.from(Buffer.from(text), (byte) =>
      /[\w.~-]/.test(String.fromCharCode(byte)) && byte < 128
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""),
  ),
  celFunc("url.decode", [STRING], STRING, (text) => decodeURIComponent(text)),
  celFunc("url.isURL", [STRING], CelScalar.BOOL, (text) => URL.canParse(text) && text.includes("://")),
  celFunc("url.getScheme", [STRING], STRING, (text) => new URL(text).protocol.slice(0, -1)),
  celFunc("url.getHost", [STRING], STRING, (text) => new URL(text).host),
  celFunc("url.getHostname", [STRING], STRING, (text) => new URL(text).hostname.replace(/^\[|\]$/g, "")),
  celFunc("url.getPort", [STRING], STRING, (text) => new URL(text).port),
  celFunc("url.getEscapedPath", [STRING], STRING, (text) => new URL(text).pathname),
  celFunc("url.getQuery", [STRING], mapType(STRING, listType(STRING)), (text) => {
    const { searchParams } = new URL(text);
    return celMap(new Map([...searchParams.keys()].map((name) => [name, celList(searchParams.getAll(name))])));
  }),
  celFunc("regex.extract", [STRING, STRING], mapType(DYN, DYN), (text, pattern) => {
    const [whole, ...groups] = new RegExp(pattern, "u").exec(text) ?? [];
    const found = groups.length === 0 ? whole : groups[0] || undefined;
    return found === undefined ? none : some(found);
  }),
  celFunc("regex.extractAll", [STRING, STRING], listType(STRING), (text, pattern) => {
    const found = [...text.matchAll(new RegExp(pattern, "gu"))].map(([whole, ...groups]) =>
      groups.length === 0 ? [whole] : groups.filter((group) => group),
    );
    return celList(found.flat());
  }),
  celFunc("regex.replace", [STRING, STRING, STRING], STRING, (text, pattern, by) => replaced(text, pattern, by, -1n)),
  celFunc("regex.replace", [STRING, STRING, STRING, INT], STRING, replaced),
];

function replaced(text: string, pattern: string, by: string, limit: bigint): string {
  let left = limit;
  const put = by.replaceAll("$", "$$$$").replace(/\\(.)/g, (_, next: string) => {
    if (next === "0") return "$&";
    return next === "\\" ? next : `$${next}`;
  });
  return text.replace(new RegExp(pattern, "gu"), (match) => {
    if (left === 0n) return match;
    left -= 1n;
    return match.replace(new RegExp(pattern, "u"), put);
  });
}
