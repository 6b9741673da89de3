import type { JsonValue } from "@bufbuild/protobuf";
import { setOwn } from "../wire/record.ts";

/** A number with its digits, where a `number` could have another value. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  /** Returns what `JSON.stringify` writes with the same digits. */
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.text);
  }
}

/** A JSON value before the types of its numbers are known. */
export type JsonTree = null | boolean | string | number | NumberText | JsonTree[] | JsonMembers;
export interface JsonMembers {
  [name: string]: JsonTree;
}

export function isMembers(json: JsonTree | undefined): json is JsonMembers {
  return typeof json === "object" && json !== null && !Array.isArray(json) && !(json instanceof NumberText);
}

/** Returns the JSON text of a tree. */
export function treeText(json: JsonTree): string {
  if (typeof json !== "object" || json === null) return JSON.stringify(json);
  if (json instanceof NumberText) return json.text;
  if (Array.isArray(json)) return `[${json.map(treeText).join(",")}]`;
  return `{${Object.entries(json)
    .map(([name, value]) => `${JSON.stringify(name)}:${treeText(value)}`)
    .join(",")}}`;
}

/** Returns a tree with doubles, as `JSON.parse` returns it. */
export function plainTree(json: JsonTree): JsonValue {
  if (typeof json !== "object" || json === null) return json;
  if (json instanceof NumberText) return Number(json.text);
  if (Array.isArray(json)) return json.map(plainTree);
  const plain: { [name: string]: JsonValue } = {};
  for (const [name, value] of Object.entries(json)) setOwn(plain, name, plainTree(value));
  return plain;
}
