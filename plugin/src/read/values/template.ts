/** A part of a failure's `message`: text that is sent unchanged, or an expression. */
type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  /** Offsets of the expression within the template, without the braces. */
  | { readonly kind: "hole"; readonly from: number; readonly to: number };

type Template =
  | { readonly ok: true; readonly parts: readonly TemplatePart[] }
  | { readonly ok: false; readonly offset: number; readonly problem: string; readonly hint: string };

/**
 * Reads text with `{CEL}` holes; `{{` and `}}` are braces, and so is a `}` that closes nothing. Braces inside an
 * expression (a map, a message) and inside its string literals do not end it.
 */
export function parseTemplate(template: string): Template {
  const parts: TemplatePart[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
  };
  for (let at = 0; at < template.length; ) {
    const character = template.charAt(at);
    if ((character === "{" || character === "}") && template.charAt(at + 1) === character) {
      text += character;
      at += 2;
    } else if (character !== "{") {
      text += character;
      at++;
    } else {
      const to = holeEnd(template, at + 1);
      if (to === undefined) {
        const hint = 'close the expression with "}", or write "{{" for a literal brace';
        return { ok: false, offset: at, problem: 'this "{" is not closed', hint };
      }
      if (template.slice(at + 1, to).trim() === "") {
        const hint = 'write an expression between the braces, or "{{" for a literal brace';
        return { ok: false, offset: at, problem: "these braces contain no expression", hint };
      }
      flush();
      parts.push({ kind: "hole", from: at + 1, to });
      at = to + 1;
    }
  }
  flush();
  return { ok: true, parts };
}

// A string literal of CEL (raw and bytes prefixes included, since they change nothing about its end but the escapes).
const literal = /[rR][bB]?("""|'''|"|')|[bB][rR]("""|'''|"|')|("""|'''|"|')/y;

/** The offset of the brace that closes a hole whose expression begins at `from`. */
function holeEnd(template: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < template.length; ) {
    literal.lastIndex = at;
    const start = /\w/.test(template.charAt(at - 1)) && /\w/.test(template.charAt(at)) ? null : literal.exec(template);
    if (start !== null) {
      const raw = start[3] === undefined;
      const quote = start[1] ?? start[2] ?? start[3] ?? "";
      at = stringEnd(template, at + start[0].length, quote, raw);
      continue;
    }
    const character = template.charAt(at);
    if (character === "{") depth++;
    if (character === "}" && depth-- === 0) return at;
    at++;
  }
  return undefined;
}

function stringEnd(template: string, from: number, quote: string, raw: boolean): number {
  for (let at = from; at < template.length; ) {
    if (template.startsWith(quote, at)) return at + quote.length;
    at += !raw && template.charAt(at) === "\\" ? 2 : 1;
  }
  return template.length;
}
