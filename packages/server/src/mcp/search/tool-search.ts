// Search mode: instead of all tools, the list has one tool that searches them and two that call them by their names.
import type { Message } from "@bufbuild/protobuf";
import type { Caller } from "@protobff/runtime/internal/identity/caller";
import { isMembers } from "@protobff/runtime/internal/json/json-tree";
import type MiniSearch from "minisearch";
import { cut, RpcCode, RpcError, type RpcMessage } from "../json-rpc.ts";
import type { Search } from "../request.ts";
import { answer, type ResultText, toolError } from "../results.ts";
import { unknownTool } from "../running-call.ts";
import type { Tool } from "../tool.ts";
import { type ListedTool, lackOf, type ToolSet } from "../tool-set.ts";
import { searchTools } from "./search-tools.ts";
import { argumentNames, wordsOf } from "./words.ts";

/** Maximum number of tools in a result. */
const MAX_FOUND = 10;
/** Maximum size of their JSON in a result, in bytes; the first always fits. */
const MAX_BYTES = 32_768;
/** Maximum length of a query, in UTF-16 code units. */
const MAX_QUERY = 256;

/** As of `Search`: its list has only visible tools, and its calls are those of the tools themselves. */
export class ToolSearch implements Search {
  readonly #set: ToolSet;
  readonly #index: MiniSearch;

  /** @param Index the class of minisearch: a static import would load it with a bundle of one file */
  constructor(set: ToolSet, Index: typeof MiniSearch) {
    this.#set = set;
    // BM25 without fuzzy terms: names of tools are short, and agents spell well.
    this.#index = new Index({
      fields: ["name", "group", "description", "arguments"],
      tokenize: wordsOf,
      processTerm: (term) => term,
      searchOptions: { boost: { name: 3, group: 2 }, prefix: (term) => term.length > 2 },
    });
    this.#index.addAll(set.all.map(({ tool }, id) => documentOf(tool, id)));
  }

  /** Returns the JSON of the list in this mode. */
  listFor(caller: Caller | undefined, authority: string | undefined): string {
    const visible = this.#set.visibleTo(caller, authority);
    return searchTools([...new Set(visible.flatMap(({ tool }) => tool.group ?? []))]);
  }

  resolve(
    message: RpcMessage,
    caller: Caller | undefined,
    authority: string | undefined,
  ): RpcMessage | RpcError | ResultText {
    const { method, params } = message;
    if (method !== "tools/call") return message;
    if (params.name === "find_tools") return this.#found(message, this.#set.visibleTo(caller, authority));
    if (params.name !== "read_tool" && params.name !== "run_tool") return message;
    const called = calledIn(message);
    if (typeof called === "string" || called instanceof RpcError || params.name === "run_tool") return called;
    const tool = this.#set.get(called.params.name, authority)?.tool;
    if (tool === undefined || tool.readOnly) return called;
    // Only the caller of a tool learns that it exists.
    if (lackOf(tool.permit, caller) !== undefined) return unknownTool(tool.name);
    return toolError(`FAILED_PRECONDITION: ${tool.name} may have side effects. Use run_tool.`);
  }

  #found({ args = {} }: RpcMessage, visible: readonly ListedTool[]): RpcError | ResultText {
    if (!isMembers(args)) return NO_OBJECT;
    const { query = "", ...others } = args;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) return unknownArgument(unknown);
    if (typeof query !== "string" || query.length > MAX_QUERY)
      return toolError(`INVALID_ARGUMENT: query is a text of at most ${MAX_QUERY} characters`);
    const found = this.#matches(query.trim(), visible);
    const shown: string[] = [];
    let bytes = 0;
    for (const { text } of found.slice(0, MAX_FOUND)) {
      bytes += Buffer.byteLength(text);
      if (shown.length > 0 && bytes > MAX_BYTES) break;
      shown.push(text);
    }
    const left = found.length - shown.length;
    const notes = found.length === 0 ? ["No tool matches. Use other words."] : [];
    return answer(`{"tools":[${shown}]${left > 0 ? `,"more":${left}` : ""}}`, notes);
  }
  /** The tool and the group with this name are first. Without words, all tools match. */
  #matches(query: string, visible: readonly ListedTool[]): readonly ListedTool[] {
    if (wordsOf(query).length === 0) return visible;
    const byId = new Map(visible.map((listed) => [listed.id, listed]));
    const named = visible.filter(({ tool }) => tool.name === query);
    const grouped = visible.filter(({ tool }) => tool.group === query);
    const ranked = this.#index.search(query).flatMap(({ id }) => byId.get(id) ?? []);
    return [...new Set([...named, ...grouped, ...ranked])];
  }
}

const documentOf = ({ name, group, description, inputSchema }: Tool<Message, unknown>, id: number) => ({
  id,
  name,
  group,
  description,
  arguments: argumentNames(inputSchema).join(" "),
});

/** Returns the message with the call that a message contains, whose progress and confirmation are its own. */
function calledIn(message: RpcMessage): RpcMessage | RpcError | ResultText {
  const { params, args = {} } = message;
  if (!isMembers(args)) return NO_OBJECT;
  const { name, arguments: tree = {}, ...others } = args;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return unknownArgument(unknown);
  if (typeof name !== "string") return toolError("INVALID_ARGUMENT: name is the name of a tool");
  const plain = params.arguments as { readonly arguments?: typeof params.arguments };
  return { ...message, params: { ...params, name, arguments: plain.arguments ?? {} }, args: tree };
}

const NO_OBJECT = new RpcError(RpcCode.INVALID_PARAMS, "arguments is no object");
const unknownArgument = (name: string): ResultText =>
  toolError(`INVALID_ARGUMENT: ${cut(name, 100)} is no argument of this tool`);
