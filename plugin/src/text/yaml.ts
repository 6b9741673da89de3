/** Returns any text as a scalar of YAML in double quotes, on one line. */
export function quoted(text: string): string {
  // JSON leaves these characters unescaped, but YAML does not print them: https://yaml.org/spec/1.2.2/#51-character-set
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A text as what stands behind `# `: on one line. */
export function comment(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]+/gu, " ");
}
