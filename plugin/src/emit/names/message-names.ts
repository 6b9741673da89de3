// The local names of one compose function.
import type { Printable } from "@bufbuild/protoplugin";
import type { Names, Node, Overload, Variable } from "../../cel/index.ts";
import type { Entry } from "../../plan/model/calls.ts";
import type { PlanCallers } from "../../plan/model/inputs.ts";
import type { PlanBlock, PlanMessage, PlanStep, Reader } from "../../plan/model/messages.ts";
import type { PlanStart } from "../../plan/model/plan.ts";
import { lowerCamel, lowerFirst, NameScope } from "../../plan/names/name-scope.ts";
import { camel } from "../../text/camel.ts";
import { anyOf, type Line, type Lines } from "../text/lines.ts";
import { type FileNames, PEER } from "./file-names.ts";
import { type Hidden, hiddenComparisons } from "./hidden-comparisons.ts";

export class MessageNames implements Names {
  readonly file: FileNames;
  /** The variable that holds the response. */
  readonly result: string;
  /** Parameters of a block whose steps may be skipped. */
  readonly fields: string;
  readonly needs: string;
  /** The request of deferred steps, which gives them more time; `cx` if no step is deferred. */
  readonly late: string;
  readonly #scope: NameScope;
  readonly #steps = new Map<Variable, PlanStep>();
  readonly #failures = new Map<Variable, PlanStep>();
  readonly #items = new Map<Variable, string>();
  readonly #entries = new Map<Pick<Entry, "name">, string>();
  /** The local names of arguments that may be absent. */
  readonly #optional: ReadonlyMap<string, string>;
  readonly #hidden: Hidden;
  /**
   * Members of the app object that are not calls, with their local names; in use once an expression has requested them.
   */
  readonly #members = new Map<string, string>();
  readonly #keptFor: PlanMessage["keptFor"];
  readonly #functions: string;
  readonly #principal: string;
  #needsPrincipal = false;

  constructor(
    file: FileNames,
    message: PlanBlock & Partial<Pick<PlanMessage, "shared" | "keptFor"> & Pick<PlanStart, "callers" | "neededFor">>,
  ) {
    this.file = file;
    this.#hidden = hiddenComparisons(message);
    this.#scope = new NameScope(message.functions);
    for (const step of all([...(message.shared ?? []), ...message.steps])) {
      this.#scope.take(step.name);
      this.#scope.take(`${step.name}Step`);
      const { variable } = step.step;
      if (variable !== undefined) this.#steps.set(variable, step);
      if (variable?.failure !== undefined) this.#failures.set(variable.failure, step);
    }
    this.#keptFor = message.keptFor;
    this.fields = message.keptFor === undefined ? "fields" : this.#scope.take("fields");
    this.needs = message.neededFor === undefined ? "needs" : this.#scope.take("needs");
    this.#functions = this.#scope.take("functions");
    this.#principal = callersOf(message) === undefined ? "principal" : this.#scope.take("principal");
    // No step has the name of an argument, but `cx` may be one.
    this.#optional = new Map(message.optionalArgs.map((name) => [name, this.#scope.take(camel(name))]));
    const resolver = message.composed.kind === "composed" ? message.composed.resolver : undefined;
    const whole = resolver?.variable && this.#steps.get(resolver.variable);
    const parts = message.composed.kind === "composed" && message.steps.some(({ step }) => step.deferred);
    this.late = parts ? this.#scope.take("late") : "cx";
    this.result = whole?.name ?? this.#scope.take(lowerFirst(message.composed.desc.name));
  }
  /** Returns the condition under which a field or a step reads an answer; undefined: it always does. */
  readIf(reader: Reader): string | undefined {
    if (this.#keptFor === undefined) return undefined;
    if ("field" in reader) return anyOf([reader.field], this.fields);
    const [, names] = [...this.#keptFor].find(([{ step }]) => step === reader.step) ?? [];
    return names && anyOf(names, this.fields);
  }
  /** Returns the planned step of a variable. */
  step(variable: Variable): PlanStep | undefined {
    return this.#steps.get(variable);
  }
  /** The local name of a call of the app object, or of a topic. */
  entry(entry: Pick<Entry, "name">): string {
    const constant = this.#entries.get(entry);
    if (constant !== undefined) return constant;
    const name = this.#scope.take(entry.name);
    this.#entries.set(entry, name);
    return name;
  }
  /** Returns `env, getUsage, search: search_`. `reads` returns true for local names in use. */
  destructured(reads: (local: string) => boolean): string[] {
    const members = [...this.#members].sort().filter(([, local]) => reads(local));
    const entries = [...this.#entries].map(([{ name }, local]): readonly [string, string] => [name, local]);
    return [...members, ...entries].map(([name, local]) => (name === local ? name : `${name}: ${local}`));
  }
  /**
   * Prints the values that a function takes from the request first: the caller, and members of the app object. The
   * caller is a constant, so that TypeScript keeps its narrowing. `reads` returns true for local names in use.
   */
  taken(reads: (local: string) => boolean): Lines {
    const lines: Line[] = [];
    const local = this.#principal;
    if (this.#needsPrincipal && reads(local))
      lines.push([`const { ${local === "principal" ? local : `principal: ${local}`} } = cx;`]);
    const app = this.destructured(reads);
    if (app.length > 0) lines.push([`const { ${app.join(", ")} } = cx.app;`]);
    return lines;
  }
  /** Returns the arguments that may be absent, as `order` or `cx: cx_`. `reads` returns true for local names in use. */
  optional(reads: (local: string) => boolean): string[] {
    return [...this.#optional].flatMap(([name, local]) => {
      if (!reads(local)) return [];
      return [camel(name) === local ? local : `${camel(name)}: ${local}`];
    });
  }
  fresh(wish: string): string {
    return this.#scope.take(wish);
  }
  /** Names the variable of an `each`. */
  item(variable: Variable): string {
    const name = this.local(lowerCamel(variable.name));
    this.#items.set(variable, name);
    return name;
  }

  // ---- Names ----

  variable(variable: Variable): Printable {
    switch (variable.role) {
      case "step":
        return this.#steps.get(variable)?.name ?? variable.name;
      case "failure":
        return `cx.failure(${this.#failures.get(variable)?.name ?? variable.name}Step)`;
      case "args":
        return "args";
      case "arg":
        return this.#optional.get(variable.name) ?? `args.${camel(variable.name)}`;
      case "item":
        return this.#items.get(variable) ?? variable.name;
      case "headers":
        return "cx";
      case "now":
        return "cx.now()";
      case "principal":
        this.#needsPrincipal = true;
        return this.#principal;
      case "peer":
        return PEER;
      case "env":
      case "var":
        this.#members.set("env", "env");
        return variable.name;
      default:
        return variable.name;
    }
  }
  runtime(name: string): Printable {
    return this.file.cel(name);
  }
  schema(desc: Parameters<Names["schema"]>[0]): Printable {
    return this.file.schema(desc);
  }
  random(what: "Uuid" | "Double", place: string): Printable {
    return `cx.random${what}(${JSON.stringify(place)})`;
  }
  counted(): Printable {
    return "cx.counted";
  }
  page(what: "open" | "seal"): Printable {
    return `cx.${what}Page`;
  }
  received(step: Variable, part: "header" | "trailer", name: string): Printable {
    const read = part === "header" ? "cx.answerHeader" : "cx.answerTrailer";
    return [`${read}(`, this.variable(step), `, ${JSON.stringify(name)})`];
  }
  convertEnum(...[from, to]: Parameters<NonNullable<Names["convertEnum"]>>): Printable {
    return this.file.convertEnum(from, to);
  }
  shape(desc: Parameters<Names["shape"]>[0]): Printable {
    return this.file.shape(desc);
  }
  userFunction(fn: Overload): Printable {
    this.#members.set("functions", this.#functions);
    return `${this.#functions}.${this.file.userFunction(fn)}`;
  }
  registry(): Printable {
    return this.file.messages();
  }
  constant(variable: Variable): Node | undefined {
    const planned = this.#steps.get(variable);
    return planned?.sync && planned.source.kind === "by" ? planned.source.by.root : undefined;
  }
  hides(test: Node): boolean {
    return this.#hidden.tests.has(test);
  }
  fails(ok: Node): boolean {
    return this.#hidden.failed.has(ok);
  }
  local(name: string): string {
    let free = lowerCamel(name);
    while (this.#scope.has(free)) free += "_";
    return free;
  }
}

function callersOf(of: PlanBlock & Partial<Pick<PlanStart, "callers">>): PlanCallers | undefined {
  return of.composed.kind === "composed" || of.composed.kind === "opening" ? of.composed.callers : of.callers;
}

function all(steps: readonly PlanStep[]): PlanStep[] {
  return steps.flatMap((step) => [step, ...all(step.lazy.flat())]);
}
